"""HEIC files of 16 x 16 pixels, zlib in Base64: the decoder that is tested cannot write any."""

import zlib
from base64 import b64decode

_EIGHT_BITS = (
    b"eNpjYGCQSSupLMhIzUxmAILczDRDEDs3MzGNgYGxJje1JJEBAhQzUnKKoGyGgszkEgY0oJSZkw82xMWBgREIgYBxAYQGAjMgVs7MzEsD80Ci"
    b"okBOKhOUl1GWbAhi8hVkluTClfzJLCgqANJ3MguS84F0KVCZMyMzSGgCWJHcB4Y/f3/8YGDgZ04A6pBwYORh/P8fpIAZpIIZhOR2MTkkAiU1"
    b"nRgZ0WQWKDSyTnu1btazB4oLDjQwMPA0gIRbkoCq2VwYDxYf7ATaIZycn1OUl5xTARTlZWADKmEQySwuSIV6zAGKNZJzEkEOE4C6HUz/////"
    b"ApBmgtEg8YLMikyQRmYODg4gJZFZkAsLY2CwsTYyMbO2ANl2uSmJoDA20mBcz2Yklm7SqfBh99f//7+Z/U/9wTzpbM68He4vko8/2T5h4rwv"
    b"8dUSQU9tShS+zAneebYBAJ/vacM="
)
_TEN_BITS = (
    b"eNpjYGCQSSupLMhIzaxgAILczDRDEDs3MzGNgYGxJje1JJEBAhQzUnKKoGyGgszkEgY0oJSZk58MYrg4MDACIRAwLoDQQKAHxMqZmXlpYB5I"
    b"VBTISWWC8jLKkg1BTL6CzJJcuJI/mQVFBUD6TmZBcj6QLgUqc2Zk4QAy5+4AKZL7wPDn769fDAz8zAlAHeIOjDyM//+DFDCDVTADlexickgE"
    b"ymk5MTKiSixQaGS5mbfq5bo8JikesMwJEMHhkARUzubCeLD4YCfQDuHk/JyivOScCqAoLwNbA1BIJLO4IBXqMQco1kjOSQS5VQDqdjD9////"
    b"C0CaCUaDxAsyKzJBGpm5uLiAlERmQS4sjIHBxtrIxMzaAmSb5aYkgsJYS4NxPZuRsOyCzr32y36E5s9gbVl9ryH5+MnMrc+qF8RXXTN7w3xC"
    b"vmReht1pAKSbYZA="
)

EIGHT_BITS = zlib.decompress(b64decode(_EIGHT_BITS))  # all pixels (200, 100, 50), by x265
TEN_BITS = zlib.decompress(b64decode(_TEN_BITS))  # all pixels 30,000 of 65,535
