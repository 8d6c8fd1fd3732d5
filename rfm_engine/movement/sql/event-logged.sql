-- title: Ids of events that a log has; types whose ids contain the date cannot be in it
-- inputs: new(event_id), logged(event_id, type)
-- columns: event_id
select event_id
from new
semi join (
    select event_id
    from logged
    where type not in (select unnest($of_one_date))
) as sent using (event_id)
