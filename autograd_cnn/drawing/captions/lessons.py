"""Captions of what lectures draw: windows, volumes, receptive fields, networks: key -> (English, German)."""

from __future__ import annotations

CAPTIONS: dict[str, tuple[str, str]] = {
    "convolution": ("Convolution", "Faltung"),
    "transposed convolution": ("Transposed convolution", "Transponierte Faltung"),
    "kind conv": ("Convolution", "Faltung"),
    "kind transposed": ("Transposed convolution", "Transponierte Faltung"),
    "kind max": ("Max pooling", "Maximum-Pooling"),
    "kind average": ("Average pooling", "Mittelwert-Pooling"),
    "windows desc": ("{}: input {}, window {}, output {}.", "{}: Eingabe {}, Fenster {}, Ausgabe {}."),
    "output size": ("output size", "Ausgabegröße"),
    "window": ("window", "Fenster"),
    "window of": ("window {} of {}", "Fenster {} von {}"),
    "window over": ("window {} hangs over the edge", "Fenster {} ragt über den Rand"),
    "padding": ("padding", "Rand"),
    "kernel": ("kernel", "Filter"),
    "flipped kernel": ("kernel, flipped", "Filter, gespiegelt"),
    "channel": ("channel {}", "Kanal {}"),
    "position": ("{} position in a row", "{} Position je Zeile"),
    "positions": ("{} positions in a row", "{} Positionen je Zeile"),
    "height": ("height", "Höhe"),
    "width": ("width", "Breite"),
    "does not fit": ("does not fit", "passt nicht"),
    "pad with": ("pad with P = {}", "auffüllen mit P = {}"),
    "pad ends": ("pad {} before and {} after", "{} davor und {} danach auffüllen"),
    "rounded up": ("rounded up to {}", "aufgerundet auf {}"),
    "sum of": ("sum of {} products", "Summe von {} Produkten"),
    "entries": ("{} entries", "{} Einträge"),
    "is added": ("is added where the window lies", "wird addiert, wo das Fenster liegt"),
}
