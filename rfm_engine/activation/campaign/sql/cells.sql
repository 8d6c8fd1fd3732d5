-- title: What the customers of each arm bought, per campaign and segment
-- inputs: contacts(campaign, population, is_treated, begins, ends, cost), responses(campaign, cost),
--   people(population, code), units(day, order_number, minor, margin)
-- columns: campaign, group_id, code (of the segment; null for customers who are in none),
--   is_treated, customers, responders, buyers, orders, spend, margin, responder_spend,
--   responder_margin, cost, and for the sums of squares of spend and margin of a customer, with
--   x = high * 2^32 + low: high * high, high * low and low * low
-- An order counts for the latest contact that covers it, or for all of them ($attribution). The
-- squares are in parts, because the squares of large amounts exceed 128 bits.
with covered as (
    select
        contacts.campaign,
        contacts.group_id,
        contacts.customer_id,
        order_number,
        minor,
        margin,
        row_number() over (
            partition by contacts.group_id, contacts.customer_id, order_number, day
            order by begins desc, contacts.campaign
        ) as place
    from contacts
    join units using (group_id, customer_id)
    where day between begins and ends
),
bought as (
    select
        campaign,
        group_id,
        customer_id,
        count(order_number) as orders,
        sum(minor) as spend,
        sum(margin) as margin
    from covered
    where place = 1 or $attribution = 'all'
    group by campaign, group_id, customer_id
),
responded as (
    select campaign, group_id, customer_id, sum(cost) as redeemed
    from responses
    group by campaign, group_id, customer_id
),
assigned as (
    select
        contacts.campaign,
        contacts.group_id,
        code,
        is_treated,
        responded.customer_id is not null as has_responded,
        coalesce(orders, 0) as orders,
        coalesce(bought.spend, 0)::hugeint as spend,
        coalesce(bought.margin, 0)::hugeint as margin,
        contacts.cost + coalesce(redeemed, 0) as cost
    from contacts
    left join bought using (campaign, group_id, customer_id)
    left join responded using (campaign, group_id, customer_id)
    left join people using (population, group_id, customer_id)
),
in_parts as (
    select
        *,
        abs(spend) // 4294967296 as spend_high,
        abs(spend) % 4294967296 as spend_low,
        abs(margin) // 4294967296 as margin_high,
        abs(margin) % 4294967296 as margin_low
    from assigned
)
select
    campaign,
    group_id,
    code,
    is_treated,
    count(*) as customers,
    count(*) filter (where has_responded) as responders,
    count(*) filter (where orders > 0) as buyers,
    sum(orders)::bigint as orders,
    sum(spend)::decimal(38, 0) as spend,
    sum(margin)::decimal(38, 0) as margin,
    coalesce(sum(spend) filter (where has_responded), 0)::decimal(38, 0) as responder_spend,
    coalesce(sum(margin) filter (where has_responded), 0)::decimal(38, 0) as responder_margin,
    sum(cost)::decimal(38, 0) as cost,
    sum(spend_high * spend_high)::decimal(38, 0) as spend_high_high,
    sum(spend_high * spend_low)::decimal(38, 0) as spend_high_low,
    sum(spend_low * spend_low)::decimal(38, 0) as spend_low_low,
    sum(margin_high * margin_high)::decimal(38, 0) as margin_high_high,
    sum(margin_high * margin_low)::decimal(38, 0) as margin_high_low,
    sum(margin_low * margin_low)::decimal(38, 0) as margin_low_low
from in_parts
group by campaign, group_id, code, is_treated
order by campaign, group_id, code, is_treated
