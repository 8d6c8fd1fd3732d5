-- title: Membership tiers of customers at a date, from their tiers at the date before
-- inputs: members(tier, valid_until), after(value), before(value), tiers(tier, threshold,
--   next_threshold, valid_months, grace_months, soft_landing)
-- columns: group_key, customer_id, tier, qualified_tier (both from 0, the lowest), valid_until,
--   in_grace, rolling (the value at the date minus that before the window), spend_to_next (null in
--   the highest tier), spend_to_keep
-- `members` are those of the date before. A member who is in no snapshot any more remains a member
-- and spends nothing. Values and thresholds are integers: minor units, or orders.
with measured as (
    select
        coalesce(after.group_key, members.group_key) as group_key,
        coalesce(after.customer_id, members.customer_id) as customer_id,
        members.tier as own,
        members.valid_until,
        coalesce(after.value - coalesce(before.value, 0), 0) as rolling
    from after
    left join before
        on before.customer_id = after.customer_id
        and before.group_key is not distinct from after.group_key
    full join members
        on members.customer_id = after.customer_id
        and members.group_key is not distinct from after.group_key
),
qualified as (
    select
        measured.*,
        tiers.tier as qualified,
        own_tier.soft_landing,
        last_day(measured.valid_until + to_months(own_tier.grace_months)) as grace_until
    from measured
    join tiers
        on tiers.threshold <= greatest(rolling, 0)
        and (tiers.next_threshold is null or tiers.next_threshold > greatest(rolling, 0))
    left join tiers as own_tier on own_tier.tier = measured.own
),
placed as (
    select
        *,
        case
            when own is null or qualified >= own then qualified
            when $as_of <= grace_until then own
            when soft_landing then greatest(qualified, own - 1)
            else qualified
        end as tier,
        own is not null and qualified < own and $as_of <= grace_until as is_kept
    from qualified
)
select
    group_key,
    customer_id,
    placed.tier,
    qualified as qualified_tier,
    case
        when is_kept then valid_until
        else last_day($as_of + to_months(valid_months))
    end as valid_until,
    is_kept and $as_of > valid_until as in_grace,
    rolling,
    case when next_threshold is not null then greatest(next_threshold - rolling, 0) end
        as spend_to_next,
    greatest(threshold - rolling, 0) as spend_to_keep
from placed
join tiers on tiers.tier = placed.tier
order by customer_id, group_key nulls first
