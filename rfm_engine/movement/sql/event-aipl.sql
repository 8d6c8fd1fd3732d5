-- title: People whose stage by awareness, interest, purchase and loyalty changed
-- inputs: bought(as_of, n), touches(day, stage)
-- columns: group_id, customer_id, type, happened_on, before, after (stages), n, minor, key
-- A stage is one of the table aipl of insight. There are no groups.
with dates as (
    select $as_of_from as as_of
    union all
    select $as_of_to as as_of
),
touched as (
    select
        as_of,
        customer_id,
        bool_or(stage = 'A') as is_a,
        bool_or(stage = 'I') as is_i,
        bool_or(stage = 'L') as is_l
    from touches
    join dates on day > as_of - $touch_days and day <= as_of
    group by as_of, customer_id
),
placed as (
    select
        as_of,
        customer_id,
        case
            when n >= 2 or is_l then 'L'
            when n = 1 then 'P'
            when is_i then 'I'
            when is_a then 'A'
            else 'none'
        end as stage
    from bought
    full join touched using (as_of, customer_id)
),
stages as (
    select
        customer_id,
        coalesce(any_value(stage) filter (where as_of = $as_of_from), 'none') as before,
        coalesce(any_value(stage) filter (where as_of = $as_of_to), 'none') as after
    from placed
    group by customer_id
)
select
    0 as group_id,
    customer_id,
    'aipl_moved' as type,
    $as_of_to as happened_on,
    before,
    after,
    null::bigint as n,
    null::bigint as minor,
    after || chr(31) || $as_of_to as key
from stages
where before <> after
