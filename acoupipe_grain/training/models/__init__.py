"""Models by their options; what they build needs the extra [train]."""

from acoupipe_grain.training.models.eigenmode_transformer import EigenmodeTransformer
from acoupipe_grain.training.models.registry import MODELS, Model, register_model
from acoupipe_grain.training.models.residual_cnn import ResidualCNN
from acoupipe_grain.training.models.segment_cnn import SegmentCNN
from acoupipe_grain.training.models.unet import LightUNet, UNet

for _model in (UNet, LightUNet, ResidualCNN, EigenmodeTransformer, SegmentCNN):
    register_model(_model)

__all__ = [
    "MODELS",
    "EigenmodeTransformer",
    "LightUNet",
    "Model",
    "ResidualCNN",
    "SegmentCNN",
    "UNet",
    "register_model",
]
