"""What the package lifetimes 0.11.3 finds and predicts, printed by a run of `test_lifetimes`.

Customers are the sample of CDNOW and `simulated_customers(100_000)`; times are days, and amounts
are in major units.
"""

from __future__ import annotations

GIVEN = {
    "cdnow": {
        "bg-nbd": (0.2426, 30.9, 0.7929, 2.426),
        "mbg-nbd": (0.5248, 43.28, 0.8914, 1.614),
        "pareto-nbd": (0.5533, 74.04, 0.6062, 81.68),
        "gamma-gamma": (6.25, 3.744, 15.44),
    },
    "simulated": {
        "bg-nbd": (0.3532, 61.78, 0.8913, 2.591),
        "mbg-nbd": (0.678, 89.8, 1.326, 3.571),
        "pareto-nbd": (0.7596, 154.6, 1.032, 449.1),
        "gamma-gamma": (6.105, 3.88, 16.58),
    },
}
"""Parameters to predict with: those of the fits with four digits."""

FITS = {
    "cdnow": {
        "bg-nbd": (
            (0.2425945224149, 30.89521413057, 0.7929220174693, 2.425906777653),
            -14363.5304429,
        ),
        "mbg-nbd": (
            (0.5248431575101, 43.28159692112, 0.8913593903299, 1.61400224367),
            -14363.23695178,
        ),
        "gamma-gamma": ((6.249572271255, 3.744224667139, 15.44352096281), -4055.917694802),
        "pareto-nbd": (
            (0.5532770446244, 74.04378522343, 0.6062400809204, 81.6811695476),
            -14376.07741517,
        ),
    },
    "simulated": {
        "bg-nbd": (
            (0.3531641393941, 61.78220904114, 0.8913421506713, 2.590686861785),
            -952674.4938765,
        ),
        "mbg-nbd": (
            (0.6780413066352, 89.80365684281, 1.326430374423, 3.571245109067),
            -953252.5068383,
        ),
        "gamma-gamma": ((6.104954111534, 3.88034759592, 16.57810371337), -217318.6696154),
        "pareto-nbd": (
            (0.7595776199215, 154.6023393454, 1.032032648616, 449.1212012121),
            -955209.3981417,
        ),
    },
}
"""Parameters at the maximum, and the log-likelihood there."""

SUMS = {
    "cdnow": {
        "bg-nbd": {
            "p_alive": 1917.295445147,
            "expected_value": 83085.18019729,
            "clv": 70726.48674178,
            "expected_orders_90d": 621.6464685431,
            "expected_orders_273d": 1653.438000905,
        },
        "mbg-nbd": {
            "p_alive": 1057.635912861,
            "expected_value": 83085.18019729,
            "clv": 67051.2937158,
            "expected_orders_90d": 601.8292020537,
            "expected_orders_273d": 1576.674404088,
        },
        "pareto-nbd": {
            "p_alive": 1051.89995197,
            "expected_value": 83085.18019729,
            "clv": 71517.17082072,
            "expected_orders_90d": 622.9271176452,
            "p_order_90d": 341.0183995982,
            "expected_orders_273d": 1665.593264994,
            "p_order_273d": 523.1952690349,
        },
    },
    "simulated": {
        "bg-nbd": {
            "p_alive": 73533.97146281,
            "expected_value": 3516427.551084,
            "clv": 2144422.186242,
            "expected_orders_90d": 18834.4054324,
            "expected_orders_273d": 51181.39581623,
        },
        "mbg-nbd": {
            "p_alive": 47285.48379713,
            "expected_value": 3516427.551084,
            "clv": 2077290.854014,
            "expected_orders_90d": 18566.66361638,
            "expected_orders_273d": 49853.65749082,
        },
        "pareto-nbd": {
            "p_alive": 49516.52347446,
            "expected_value": 3516427.551084,
            "clv": 2231750.540421,
            "expected_orders_90d": 19420.20600768,
            "p_order_90d": 13056.4787235,
            "expected_orders_273d": 53242.34709721,
            "p_order_273d": 22874.29228327,
        },
    },
}
"""Sums of predictions over all customers, with the parameters of `GIVEN`."""
