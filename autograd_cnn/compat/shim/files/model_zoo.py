"""`torch.utils.model_zoo`, where `torch.hub` was before."""

from ....serialization.hub import load_state_dict_from_url
from ....serialization.hub import load_state_dict_from_url as load_url

__all__ = ["load_state_dict_from_url", "load_url"]
