-- title: Spend in the time of a campaign and in an equally long time before, of all customers
-- inputs: spans(campaign, population, before, begins, ends), contacts(campaign),
--   people(population, code), units(day, minor)
-- columns: campaign, group_id, code (of the segment), is_targeted, customers, and sums over the
--   customers: spend (in the time of the campaign), change (that minus the spend before), and for
--   their squares, with x = high * 2^32 + low: high * high, high * low and low * low
-- All customers of the snapshot are compared; orders of other campaigns count too.
with spent as (
    select
        spans.campaign,
        group_id,
        customer_id,
        sum(minor) filter (where day >= begins) as during,
        sum(minor) filter (where day < begins) as earlier
    from units
    join spans on day between before and ends
    group by spans.campaign, group_id, customer_id
),
compared as (
    select
        spans.campaign,
        people.group_id,
        code,
        contacts.customer_id is not null as is_targeted,
        coalesce(during, 0)::hugeint as spend,
        (coalesce(during, 0) - coalesce(earlier, 0))::hugeint as change
    from spans
    join people using (population)
    left join contacts
        on contacts.campaign = spans.campaign
        and contacts.group_id = people.group_id
        and contacts.customer_id = people.customer_id
    left join spent
        on spent.campaign = spans.campaign
        and spent.group_id = people.group_id
        and spent.customer_id = people.customer_id
),
in_parts as (
    select
        *,
        abs(spend) // 4294967296 as spend_high,
        abs(spend) % 4294967296 as spend_low,
        abs(change) // 4294967296 as change_high,
        abs(change) % 4294967296 as change_low
    from compared
)
select
    campaign,
    group_id,
    code,
    is_targeted,
    count(*) as customers,
    sum(spend)::decimal(38, 0) as spend,
    sum(change)::decimal(38, 0) as change,
    sum(spend_high * spend_high)::decimal(38, 0) as spend_high_high,
    sum(spend_high * spend_low)::decimal(38, 0) as spend_high_low,
    sum(spend_low * spend_low)::decimal(38, 0) as spend_low_low,
    sum(change_high * change_high)::decimal(38, 0) as change_high_high,
    sum(change_high * change_low)::decimal(38, 0) as change_high_low,
    sum(change_low * change_low)::decimal(38, 0) as change_low_low
from in_parts
group by campaign, group_id, code, is_targeted
order by campaign, group_id, code, is_targeted
