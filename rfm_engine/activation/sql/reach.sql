-- title: Which customers have consented to which channel, and which are suppressed
-- inputs: consents(channel, customer_id, is_suppressed), listed(customer_id), channels(channel)
-- columns: channel, customer_id, is_consented, is_suppressed; sorted by channel and customer
-- Consents have a row per contact with consent; is_suppressed is null without an address. A customer
-- is suppressed on a channel if all addresses are, and on all channels if the customer is listed.
with agreed as (
    select
        channel,
        customer_id,
        true as is_consented,
        coalesce(bool_and(is_suppressed), false) as is_suppressed
    from consents
    group by channel, customer_id
),
refused as (
    select distinct
        channels.channel,
        listed.customer_id,
        false as is_consented,
        true as is_suppressed
    from listed
    cross join channels
),
both_kinds as (
    select channel, customer_id, is_consented, is_suppressed
    from agreed
    union all
    select channel, customer_id, is_consented, is_suppressed
    from refused
)
select
    channel,
    customer_id,
    bool_or(is_consented) as is_consented,
    bool_or(is_suppressed) as is_suppressed
from both_kinds
group by channel, customer_id
order by channel, customer_id
