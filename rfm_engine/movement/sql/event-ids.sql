-- title: Events with their ids, in the order of type, customer, group, from, to, value and id
-- inputs: found(type, happened_on, before, after, n, minor, key), group_names(name)
-- columns: event_id, type, customer_id, group_id, happened_on, before, after, n, minor
-- The group is a part of the id, except for customers without a group.
with texts as (
    select
        *,
        case
            when typeof(customer_id) = 'BLOB' then lower(hex(customer_id))
            else customer_id::varchar
        end as customer
    from found
    where type in (select unnest($types))
)
select
    substr(sha256(concat_ws(chr(31), 'rfm-event/1', type, customer, name, key)), 1, 32) as event_id,
    type,
    customer_id,
    group_id,
    happened_on,
    before,
    after,
    n,
    minor
from texts
left join group_names using (group_id)
order by type, customer_id, group_id, before, after, coalesce(n, minor), event_id
