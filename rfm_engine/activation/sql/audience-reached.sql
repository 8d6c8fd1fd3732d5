-- title: The contacts of the customers of an audience, sorted by customer
-- inputs: contacts(customer_id), members(customer_id), listed(customer_id)
-- columns: those of contacts, those of members, is_listed (the customer is in a suppression list)
-- Rows of the same customer are sorted by all their values. The number of the row is the last of the
-- contacts, so that their order in the file does not matter.
select
    contacts.*,
    members.* exclude (customer_id),
    exists (
        select 1
        from listed
        where listed.customer_id = contacts.customer_id
    ) as is_listed
from contacts
inner join members on members.customer_id = contacts.customer_id
order by all
