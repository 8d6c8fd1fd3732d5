-- title: The rows of an audience that have an identifier which the previous list does not have
-- inputs: written(rank, main, variant, second), previous(main, variant, second)
-- columns: those of written; sorted by rank
with known as (
    select true as is_main, main as value
    from previous
    where main is not null
    union
    select true as is_main, variant as value
    from previous
    where variant is not null
    union
    select false as is_main, second as value
    from previous
    where second is not null
)
select written.*
from written
where
    (
        main is not null
        and not exists (select 1 from known where is_main and known.value = main)
    )
    or (
        variant is not null
        and not exists (select 1 from known where is_main and known.value = variant)
    )
    or (
        second is not null
        and not exists (select 1 from known where not is_main and known.value = second)
    )
order by rank
