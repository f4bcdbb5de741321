-- two_sided_p(z): the chance that a standard normal variable is further from 0 than z, for z of 0
-- and more, to six places; null where z is. Source: Abramowitz and Stegun 26.2.17, above 3
-- normal_tail.

create macro two_sided_p(z) as case
    when z < 3 then round(2 * exp(-z * z / 2) / sqrt(2 * pi()) * list_sum([
        factor / (1 + 0.2316419::double * z) ** place
        for factor, place in [
            0.319381530::double,
            -0.356563782::double,
            1.781477937::double,
            -1.821255978::double,
            1.330274429::double
        ]
    ]), 6)
    else 2 * normal_tail(z)
end
