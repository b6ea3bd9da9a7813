"""Who is asking: tokens and API keys in, an `Identity` (role and claims) out."""

from gateway.identity.model import Identity

__all__ = ["Identity"]
