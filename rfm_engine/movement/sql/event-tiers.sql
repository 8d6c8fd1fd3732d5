-- title: Members whose tier is another one, or whose grace period began
-- inputs: before(place, tier, in_grace), after(place, tier, in_grace, n, minor)
-- columns: group_key, customer_id, type, happened_on, before, after (tiers), n (orders), minor (net
--   amount; both of the window), key
-- A new member has no event. The places of tiers begin with the lowest one.
select
    a.group_key,
    a.customer_id,
    case
        when a.place > b.place then 'tier_up'
        when a.place < b.place then 'tier_down'
        else 'tier_grace'
    end as type,
    $as_of_to as happened_on,
    b.tier as before,
    a.tier as after,
    a.n,
    a.minor,
    a.tier || chr(31) || $as_of_to as key
from after as a
join before as b
    on b.customer_id = a.customer_id
    and b.group_key is not distinct from a.group_key
where a.place <> b.place or (a.in_grace and not b.in_grace)
