-- title: What becomes of each candidate of the flows of one date
-- inputs: candidates(flow, group_key, customer_id, event_id, key, own_us), flows(flow, name,
--   priority, channel, cooldown, days, max_times, is_exempt), opens(flow, name, window_days),
--   consented(customer_id, channel), suppressed(customer_id, channel), controlled(customer_id),
--   caps(n, days), log(flow, group_key, customer_id, event_id, key, entered_on, arm)
-- columns: flow, group_key, customer_id, event_id, key, fate
-- `log` has earlier dates only. Rows with an arm are entries, treated or held out; the others are
-- events that were dropped. The order of the branches is the order in which customers are removed.
with entries as (
    from log
    where arm is not null
),
entered as (
    select flow as name, group_key, customer_id, max(entered_on) as last_on, count(*) as n
    from entries
    group by flow, group_key, customer_id
),
keyed as (
    select distinct flow as name, group_key, customer_id, key
    from entries
    where key is not null
),
sent as (
    select distinct flow as name, event_id
    from log
    where event_id is not null
),
opened as (
    select distinct opens.flow, entered.group_key, entered.customer_id
    from opens
    join entered on entered.name = opens.name and entered.last_on >= $as_of - opens.window_days
),
full_caps as (
    select group_key, customer_id
    from entries
    join caps on entries.entered_on > $as_of - caps.days
    where arm = 'treated'
    group by group_key, customer_id, caps.n, caps.days
    having count(*) >= caps.n
),
capped as (
    select distinct group_key, customer_id
    from full_caps
),
judged as (
    select
        c.*,
        f.name,
        f.priority,
        f.is_exempt,
        case
            when opened.flow is not null then 'unless'
            when suppressed.customer_id is not null then 'suppressed'
            when $needs_consent and consented.customer_id is null then 'no_consent'
            when controlled.customer_id is not null then 'control'
            when entered.name is not null and case f.cooldown
                when 'once' then true
                when 'once-per-key' then keyed.name is not null
                when 'own-cycle'
                    then ($as_of - entered.last_on) * 86400000000::hugeint < c.own_us
                else $as_of - entered.last_on < f.days
            end then 'cooldown'
            when f.max_times > 0 and entered.n >= f.max_times then 'max_times'
            when sent.name is not null then 'sent'
        end as fate
    from candidates as c
    join flows as f on f.flow = c.flow
    left join opened
        on opened.flow = c.flow
        and opened.customer_id = c.customer_id
        and opened.group_key is not distinct from c.group_key
    left join suppressed
        on suppressed.customer_id = c.customer_id and suppressed.channel = f.channel
    left join consented
        on consented.customer_id = c.customer_id and consented.channel = f.channel
    left join controlled on controlled.customer_id = c.customer_id
    left join entered
        on entered.name = f.name
        and entered.customer_id = c.customer_id
        and entered.group_key is not distinct from c.group_key
    left join keyed
        on keyed.name = f.name
        and keyed.customer_id = c.customer_id
        and keyed.key = c.key
        and keyed.group_key is not distinct from c.group_key
    left join sent on sent.name = f.name and sent.event_id = c.event_id
),
ranked as (
    select
        *,
        row_number() over (
            partition by group_key, customer_id, fate is null
            order by priority, name, event_id
        ) as place
    from judged
)
select
    r.flow,
    r.group_key,
    r.customer_id,
    r.event_id,
    r.key,
    coalesce(
        r.fate,
        case
            when r.place > 1 then 'outranked'
            when capped.customer_id is not null and not r.is_exempt then 'capped'
            else 'entered'
        end
    ) as fate
from ranked as r
left join capped
    on capped.customer_id = r.customer_id
    and capped.group_key is not distinct from r.group_key
