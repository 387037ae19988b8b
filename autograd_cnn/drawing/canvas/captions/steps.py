"""Captions of the passes step by step: key -> (English, German)."""

from __future__ import annotations

CAPTIONS: dict[str, tuple[str, str]] = {
    "previous": ("previous", "zurück"),
    "next": ("next", "weiter"),
    "play": ("play", "abspielen"),
    "pause": ("pause", "anhalten"),
    "frame": ("frame", "Bild"),
    "frame of": ("frame {} of {}", "Bild {} von {}"),
    "follow": ("follow the step", "dem Schritt folgen"),
    "overview": ("the whole figure, and the part that is seen", "die ganze Abbildung, und der Teil, der zu sehen ist"),
    "keys": (
        "keys: ← → one frame, space play, Home and End first and last",
        "Tasten: ← → ein Bild, Leertaste abspielen, Pos1 und Ende erstes und letztes",
    ),
    "steps": ("Forward and backward, step by step", "Vorwärts und rückwärts, Schritt für Schritt"),
    "stage start": ("Before the forward pass", "Vor dem Hinweg"),
    "stage forward": ("Forward step {} of {}", "Vorwärts, Schritt {} von {}"),
    "stage seed": ("Backward starts", "Der Rückweg beginnt"),
    "stage backward": ("Backward step {} of {}", "Rückwärts, Schritt {} von {}"),
    "only inputs": ("only the inputs are known", "nur die Eingaben sind bekannt"),
    "one at the end": ("the gradient of {} by itself is 1", "der Gradient von {} nach sich selbst ist 1"),
    "no gradient": ("no gradient is wanted here", "hier ist kein Gradient verlangt"),
    "gives": ("gives", "ergibt"),
    "hands back": ("hands back", "gibt zurück"),
}
