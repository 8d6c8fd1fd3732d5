-- title: The rows of an audience with each identifier once
-- inputs: normal(main, variant, second), repeated(place)
-- columns: rank (the number of the row), those of normal; sorted by rank
with marked as (
    select
        rowid as rank,
        normal.* replace (
            case when 3 * rowid not in (select place from repeated) then main end as main,
            case when 3 * rowid + 1 not in (select place from repeated) then variant end as variant,
            case when 3 * rowid + 2 not in (select place from repeated) then second end as second
        )
    from normal
    where rowid between $low and $high
)
select *
from marked
where main is not null or variant is not null or second is not null
order by rank
