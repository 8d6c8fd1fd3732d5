-- title: New, retained, returned, lost and inactive customers, by their orders in two periods
-- inputs: customers(first_day), orders(day), groups()
-- columns: state (new: first order in the second period; retained: orders in both; returned: in the
--   second, not in the first, and before; lost: in the first only; inactive: in neither), customers
-- The first period begins after $start and ends with $t0; the second one ends with $t1.
with active as (
    select
        group_id,
        customer_id,
        bool_or(day <= $t0) as in_first,
        bool_or(day > $t0) as in_second
    from orders
    where day > $start
    group by group_id, customer_id
),
placed as (
    select
        group_id,
        case
            when first_day > $t0 then 'new'
            when in_first and in_second then 'retained'
            when in_second then 'returned'
            when in_first then 'lost'
            else 'inactive'
        end as state
    from customers
    left join active using (group_id, customer_id)
),
states as (
    select
        unnest(['new', 'retained', 'returned', 'lost', 'inactive']) as state,
        unnest([1, 2, 3, 4, 5]) as place
)
select groups.group_id, states.state, count(placed.state) as customers
from groups
cross join states
left join placed on placed.group_id = groups.group_id and placed.state = states.state
group by groups.group_id, states.state, states.place
order by groups.group_id, states.place
