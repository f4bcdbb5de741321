-- is_mean(aggregation): whether a figure that is aggregated so is the mean of its docs' scores; null
-- where it is.

create macro is_mean(aggregation) as aggregation in ('mean', 'nanmean', 'brier_score')
