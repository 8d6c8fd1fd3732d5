-- title: The identifiers of the previous list that the audience does not have any more
-- inputs: previous(rank, main, variant, second), written(main, variant, second)
-- columns: rank (of the row in the previous list), main, variant, second; sorted by rank
with known as (
    select true as is_main, main as value
    from written
    where main is not null
    union
    select true as is_main, variant as value
    from written
    where variant is not null
    union
    select false as is_main, second as value
    from written
    where second is not null
),
marked as (
    select
        rank,
        case when not exists (
            select 1 from known where is_main and known.value = main
        ) then main end as main,
        case when not exists (
            select 1 from known where is_main and known.value = variant
        ) then variant end as variant,
        case when not exists (
            select 1 from known where not is_main and known.value = second
        ) then second end as second
    from previous
)
select rank, main, variant, second
from marked
where main is not null or variant is not null or second is not null
order by rank
