-- title: Events with their ids, sorted
-- inputs: found(customer_id, customer_text, type, happened_on, before, after, n, minor, key), groups(name)
-- columns: event_id, type, customer_id, group_id, happened_on, before, after, n, minor
-- The group is a part of the id, except for customers without a group.
select
    substr(
        sha256(
            concat_ws(chr(31), 'rfm-event/1', type, customer_text, groups.name, key)
        ),
        1,
        32
    ) as event_id,
    type,
    customer_id,
    group_id,
    happened_on,
    before,
    after,
    n,
    minor
from found
left join groups using (group_id)
where type in (select unnest($types))
order by type, customer_id, group_id, n
