-- title: Number of rows of the second snapshot; it is run to check that the rows are its own
-- inputs: lines(day)
-- columns: n
select count(*) as n
from lines
