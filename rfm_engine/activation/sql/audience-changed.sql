-- title: Some of the rows that were added to a list, or removed from it
-- inputs: changed(rank)
-- columns: those of changed; sorted by rank
select *
from changed
where rank between $low and $high
order by rank
