"""Statistics against values of scipy 1.17 and statsmodels 0.15, and against other formulas."""

from __future__ import annotations

import random
from fractions import Fraction
from math import isclose, sqrt
from statistics import NormalDist, fmean, variance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rfm_engine.activation.statistics import student
from rfm_engine.activation.statistics.families import holm, pooled_rates
from rfm_engine.activation.statistics.means import Stratum, Sums, mean_difference, pooled_difference
from rfm_engine.activation.statistics.rates import rate_difference
from rfm_engine.activation.statistics.sample_ratio import sample_ratio
from rfm_engine.activation.statistics.sample_sizes import Trial, size_for_means, size_for_rates
from rfm_engine.insight.statistics import wilson

EXACT = {"rel": 1e-9, "abs": 1e-15}
# Degrees of freedom, the 97.5% quantile, and the two-sided tails of 2, 0.3 and 6.5.
STUDENT = [
    (1, 12.706204736174694, 0.2951672353008665, 0.8144528418445154, 0.09717958069505787),
    (1.5, 6.016663104427929, 0.22418833035605112, 0.8004721968035851, 0.04466506816775792),
    (2.5, 3.5746548420036817, 0.1573914957579659, 0.7873423714951973, 0.012628742107562475),
    (7, 2.364624251592784, 0.08561932856297605, 0.7728900504021342, 0.00033413336256094824),
    (19.9, 2.086635638404131, 0.05933581331443571, 0.7672884436333004, 2.5164692594662776e-06),
    (20.1, 2.085298346435232, 0.05919596556852905, 0.7672577152882342, 2.396236787771171e-06),
    (30, 2.0422724563012378, 0.054625044962983094, 0.7662461052843528, 3.4780470879720206e-07),
    (150, 1.9759053308966201, 0.047305525758430236, 0.7645924943883587, 1.1205761435990281e-09),
    (1835.1084, 1.961257537577591, 0.04564740755816428, 0.7642111330988619, 1.0321336223217088e-10),
    (9999, 1.960201263621357, 0.0455272633615101, 0.7641833918529469, 8.415091218915586e-11),
    (10001, 1.960201216164641, 0.045527257961900776, 0.7641833906058424, 8.415013027985516e-11),
    (1e6, 1.959966356814107, 0.04550053385131924, 0.7641772179789942, 8.03575433530344e-11),
    (1e9, 1.959963986912325, 0.045500264166313246, 0.7641771556844518, 8.03200492011455e-11),
]
WILSON = [
    (0, 14, 0.0, 0.21531080273763586),
    (14, 14, 0.7846891972623641, 1.0),
    (1, 2, 0.09453120573423068, 0.9054687942657693),
    (88, 397, 0.18358022349742414, 0.26507960163593725),
    (214, 1133, 0.16715340799161105, 0.2127073504897573),
    (7, 100000, 3.390903779016499e-05, 0.00014449869695711307),
    (99999, 100000, 0.9999433529034099, 0.9999982347522698),
]
# Counts of both groups, the interval of Newcombe, z and p.
RATES = [
    (315, 9000, 25, 1000, -0.0021898815929285633, 0.01895293038306106, 1.6553629588077556,
     0.09785089495508863),
    (3, 10, 0, 10, -0.03759243457905065, 0.6032218525388546, 1.8786728732554483,
     0.060289173990602164),
    (50, 50, 10, 20, 0.2869934991243241, 0.7007019918017877, 5.400617248673215,
     6.641198786386205e-08),
    (1104, 1133, 1100, 1319, 0.11843147991580105, 0.16285473026735656, 11.49883979106142,
     1.337004939529584e-30),
    (20, 90000, 3, 10000, -0.0006647669026226828, 0.00015424963759807622, -0.4865895938210741,
     0.6265491994849897),
    (0, 50, 1, 60, -0.08855129727590064, 0.05598783995810014, -0.9170488499922843,
     0.3591170425893677),
]  # fmt: skip
# Two samples, the interval of Welch, degrees of freedom and p.
MEANS = [
    ([0, 0, 5], [1, 2], -6.372180655865498, 6.705513989198832, 2.338319228498327,
     0.9312855422935123),
    ([3, -7, 1000, 0, 0, 12], [5, 5, 5], -264.7935280260494, 590.7935280260494, 5.0,
     0.37233669743426795),
    ([*range(50)], [0] * 40 + [900], -41.98744446111338, 47.08500543672313, 40.70613163946033,
     0.9085360556265687),
    ([10**9, 2 * 10**9, 0], [1, 2, 3, 4], -1484137714.25033, 3484137709.25033, 2.0,
     0.2254033315331133),
]  # fmt: skip


def sums(numbers):
    return Sums(len(numbers), sum(numbers), sum(each * each for each in numbers))


@pytest.mark.parametrize(("df", "quantile", "of_2", "of_small", "of_large"), STUDENT)
def test_student__is_that_of_scipy(df, quantile, of_2, of_small, of_large):
    assert student.quantile(0.975, df) == pytest.approx(quantile, **EXACT)
    for t, p in ((2, of_2), (0.3, of_small), (6.5, of_large), (-2, of_2)):
        assert student.two_sided(t, df) == pytest.approx(p, **EXACT)
    assert student.two_sided(0, df) == 1


def test_student__with_one_and_two_degrees_is_a_formula():
    for t in (1e-8, 0.1, 1, 30, 1e6):
        assert student.two_sided(t, 2) == pytest.approx(1 - t / sqrt(2 + t * t), rel=1e-6, abs=1e-9)
    assert student.two_sided(2, 10) == pytest.approx(0.07338803477074037, **EXACT)
    assert student.two_sided(1e-8, 1) == pytest.approx(1 - 2e-8 / 3.141592653589793, abs=1e-15)


@given(st.floats(1, 1e8), st.floats(0.6, 0.9999))
def test_student__quantile_and_tails_agree(df, p):
    assert student.two_sided(student.quantile(p, df), df) == pytest.approx(2 * (1 - p), rel=1e-9)


@pytest.mark.parametrize(("part", "whole", "low", "high"), WILSON)
def test_wilson__is_that_of_statsmodels(part, whole, low, high):
    assert wilson(part, whole) == pytest.approx((low, high), **EXACT)


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson__ends_solve_its_equation(counts):
    part, n = counts
    square = NormalDist().inv_cdf(0.975) ** 2
    for end in wilson(part, n):
        assert isclose(
            n * (part / n - end) ** 2, square * end * (1 - end), rel_tol=1e-6, abs_tol=1e-6
        )


@pytest.mark.parametrize(("a", "n", "b", "m", "low", "high", "z", "p"), RATES)
def test_rates__are_those_of_statsmodels(a, n, b, m, low, high, z, p):
    found = rate_difference(a, n, b, m)
    assert found[:5] == pytest.approx((a / n - b / m, low, high, z, p), **EXACT)


def test_rates__without_customers_or_buyers_are_undefined():
    assert rate_difference(0, 0, 1, 2) is None
    none = rate_difference(0, 50, 0, 50)
    assert (none.difference, none.z, none.p) == (0, None, None)
    assert (round(none.low, 6), round(none.high, 6)) == (-0.071348, 0.071348)


@pytest.mark.parametrize(("one", "other", "low", "high", "df", "p"), MEANS)
def test_means__are_those_of_scipy(one, other, low, high, df, p):
    found = mean_difference(sums(one), sums(other))
    expected = (low, high, df, p)
    assert (found.low, found.high, found.df, found.p) == pytest.approx(expected, **EXACT)
    assert found.difference == pytest.approx(fmean(one) - fmean(other), **EXACT)
    error = sqrt(variance(one) / len(one) + variance(other) / len(other))
    assert found.error == pytest.approx(error, **EXACT)


def test_means__of_fewer_than_two_customers_are_undefined():
    assert mean_difference(sums([1]), sums([1, 2])) is None
    alike = mean_difference(sums([3, 3]), sums([1, 1]))
    assert alike == (2.0, 2.0, 2.0, 0.0, None, None)


NUMBERS = st.lists(st.integers(-(10**12), 10**12), min_size=2, max_size=9)


@given(st.lists(st.tuples(st.integers(1, 99), NUMBERS, NUMBERS), min_size=1, max_size=4))
def test_strata__are_their_weighted_mean(strata):
    found = pooled_difference([Stratum(w, sums(x), sums(y)) for w, x, y in strata])
    whole = sum(w for w, _, _ in strata)
    middle = sum(Fraction(w, whole) * (Fraction(sum(x), len(x)) - Fraction(sum(y), len(y)))
                 for w, x, y in strata)  # fmt: skip
    spread = sum(
        (w / whole) ** 2 * variance(list(map(Fraction, each))) / len(each)
        for w, x, y in strata
        for each in (x, y)
    )
    assert found.difference == pytest.approx(float(middle), rel=1e-12, abs=1e-3)
    assert found.error == pytest.approx(sqrt(spread), rel=1e-9)
    assert found.low <= found.difference <= found.high
    shuffled = random.Random(0).sample(strata, len(strata))
    again = pooled_difference([Stratum(w, sums(x), sums(y)) for w, x, y in shuffled])
    assert again == found


def test_rates_of_strata__are_their_weighted_mean():
    strata = [
        (100, rate_difference(30, 60, 10, 40)),
        (50, None),
        (300, rate_difference(1, 9, 2, 5)),
    ]
    found = pooled_rates(strata)
    known = [(weight / 400, each) for weight, each in strata if each is not None]
    assert found.difference == pytest.approx(sum(w * each.difference for w, each in known))
    variances = 0.5 * 0.5 / 60 + 0.25 * 0.75 / 40, 1 / 9 * 8 / 9 / 9 + 0.4 * 0.6 / 5
    error = sqrt(sum(w * w * each for (w, _), each in zip(known, variances, strict=True)))
    assert found.z == pytest.approx(found.difference / error, **EXACT)
    assert found.high - found.low == pytest.approx(2 * 1.959963984540054 * error, **EXACT)
    assert pooled_rates([(5, None)]) is None


def test_holm__is_that_of_statsmodels():
    found = holm([0.01, 0.04, 0.03, 0.005, 0.5, 0.9])
    assert found == pytest.approx([0.05, 0.12, 0.12, 0.03, 1.0, 1.0], **EXACT)


@pytest.mark.parametrize(
    ("treated", "held_out", "chi2", "p"),
    [
        (9000, 1000, 0.0, 1.0),
        (9000, 1100, 8.910891089108912, 0.002834749080259389),
        (9000, 1150, 19.950738916256157, 7.946323922806938e-06),
        (100, 3, 5.748651564185545, 0.01650131812583761),
    ],
)
def test_sample_ratio__is_that_of_scipy(treated, held_out, chi2, p):
    found = sample_ratio(treated, held_out, 1000)
    assert found == pytest.approx((chi2, p), **EXACT)
    assert found.is_broken == (p < 0.001)


def test_sample_ratio__without_a_plan_for_an_arm_is_broken():
    assert sample_ratio(9, 1, 0).is_broken
    assert not sample_ratio(9, 0, 0).is_broken


@pytest.mark.parametrize(
    ("rates", "power", "ratio", "arms"),
    [
        ((0.025, 0.02), 0.8, 1, (13_809, 13_809)),
        ((0.035, 0.03), 0.8, 1, (19_743, 19_743)),
        ((0.12, 0.10), 0.8, 1, (3_841, 3_841)),
        ((0.025, 0.02), 0.9, 1, (18_486, 18_486)),
        ((0.025, 0.02), 0.8, 1 / 9, (71_320, 7_925)),
    ],
)
def test_size__for_rates_is_that_of_the_specification(rates, power, ratio, arms):
    assert size_for_rates(*rates, Trial(0.05, power, ratio)) == arms


def test_size__for_means_is_that_of_the_specification():
    assert size_for_means(50, 2, Trial(0.05, 0.8, 1)) == (9_812, 9_812)
    assert size_for_means(50, 2, Trial(0.05, 0.8, 1 / 9)) == (49_056, 5_451)
