-- title: Some rows of the contacts of an audience
-- inputs: reached()
-- columns: those of reached; in their order
select *
from reached
where rowid between $low and $high
order by rowid
