"""What an answer costs, by the tables of `genai-prices <https://github.com/pydantic/genai-prices>`_.

A price that is not known is ``None`` and never 0: a model of another server, a name that the tables do not have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def cost(usage: Mapping[str, Any], model: str, base_url: str) -> float | None:
    """Return the price of an answer in US dollars.

    Parameters
    ----------
    usage
        Tokens as the Messages API counts them.
    model
        The model's name.
    base_url
        Who answered; the same name may cost another price, or none, elsewhere.
    """
    import genai_prices

    if "output_tokens" not in usage:
        return None
    try:
        read = genai_prices.extract_usage({"model": model, "usage": dict(usage)}, provider_api_url=base_url)
        return float(read.calc_price().total_price)
    except (LookupError, ValueError, TypeError):  # no such server or model, or counts of another kind
        return None
