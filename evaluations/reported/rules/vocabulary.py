"""The words by which numbers in an abstract are told apart: metrics, units, magnitudes, things that are counted."""

from __future__ import annotations

import re

# The metric's standard name and how it is written. The longer spelling stands before the shorter one.
METRICS: tuple[tuple[str, str], ...] = (
    ("top-5 accuracy", r"top-?\s?5(?:\s+(?:test\s+)?accurac(?:y|ies))?"),
    ("top-1 accuracy", r"top-?\s?1(?:\s+(?:test\s+)?accurac(?:y|ies))?"),
    ("top-5 error", r"top-?\s?5\s+error"), ("top-1 error", r"top-?\s?1\s+error"),
    ("BLEURT", r"BLEURT"), ("BLEU", r"(?:sacre)?BLEU(?:-\d)?"), ("chrF", r"chrF\+*"), ("COMET", r"COMET(?!-)"),
    ("ROUGE", r"ROUGE(?:-?(?:\d|L))?"), ("METEOR", r"METEOR"), ("CIDEr", r"CIDEr(?:-D)?"), ("SPICE", r"SPICE"),
    ("F1", r"(?:(?:macro|micro|span|weighted)[- ])?F_?\{?-?(?:1|one)\}?(?:[- ](?:scores?|measures?))?"
           r"|F-?(?:scores?|measures?)"),
    ("mAP", r"mAP(?:@[\d.:\[\]]+)?|MAP(?:@\d+)?"), ("mIoU", r"mIoU|mean IoU|mean intersection[- ]over[- ]union"),
    ("IoU", r"IoU|intersection[- ]over[- ]union"),
    ("AP", r"(?:box |mask )?AP(?:_?\{?\d+\}?)?(?:\^?\{?(?:box|mask|r|bb)\}?)?"),
    ("PSNR", r"PSNR"), ("SSIM", r"(?:MS-)?SSIM"), ("LPIPS", r"LPIPS"),
    ("FID", r"(?:[Cc]lean-|s)?FID(?:-\d+k)?|FVD|KID"),
    ("inception score", r"[Ii]nception [Ss]core"), ("CLIP score", r"CLIP[- ]?[Ss]core"),
    ("AUROC", r"AU-?ROC|ROC[- ]?AUC|AUC-ROC"), ("AUPRC", r"AU-?PRC?"), ("AUC", r"AUC"),
    ("WER", r"WERs?|[Ww]ord [Ee]rror [Rr]ates?"), ("CER", r"CERs?|[Cc]haracter [Ee]rror [Rr]ates?"),
    ("PER", r"PERs?|[Pp]hon(?:em)?e [Ee]rror [Rr]ates?"), ("EER", r"EERs?|[Ee]qual [Ee]rror [Rr]ates?"),
    ("PESQ", r"PESQ"), ("STOI", r"STOI"), ("MOS", r"MOS|mean opinion scores?"), ("SDR", r"SI-?SN?DRi?|SDRi?|SNR"),
    ("MRR", r"MRR(?:@\d+)?"), ("NDCG", r"[nN]DCG(?:@\d+)?"), ("recall at k", r"(?:[Rr]ecall|R|Hits?)@\d+"),
    ("precision at k", r"(?:[Pp]recision|P)@\d+"), ("pass@k", r"(?:[Pp]ass|PASS)@\d+"), ("RMSE", r"RMSE"),
    ("MAE", r"MAE"),
    ("MSE", r"MSE"), ("perplexity", r"[Pp]erplexit(?:y|ies)|PPL|ppl"),
    ("bits per dimension", r"[Bb]its[/ ]dim(?:ension)?"),
    ("ANLS", r"ANLS"), ("Dice", r"Dice(?: (?:[Ss]core|coefficient|similarity coefficient))?|DSC"), ("PQ", r"PQ"),
    ("NDS", r"NDS"), ("MOTA", r"MOTA"), ("HOTA", r"HOTA"), ("LAS", r"LAS"), ("UAS", r"UAS"), ("NMI", r"NMI"),
    ("MCC", r"MCC|Matthews(?: correlation(?: coefficient)?)?"), ("kappa", r"[Kk]appa"),
    ("correlation", r"(?:(?:Pearson|Spearman|Kendall)(?:'s)?(?: rank)?(?: tau| rho| r)?\s+)?correlations?"
                    r"(?: coefficients?)?|Spearman|Pearson"),
    ("exact match", r"[Ee]xact [Mm]atch|EM"), ("Elo", r"E[Ll][Oo](?: ratings?)?"), ("R2", r"R\^?\{?2\}?|R²"),
    ("return", r"(?:average|mean|episod(?:e|ic)|cumulative|normali[sz]ed) (?:returns?|rewards?)"),
    ("win rate", r"win(?:ning)?[- ]rates?"), ("success rate", r"success(?:ful)? rates?"),
    ("error rate", r"(?:classification |test |relative )?error(?: rates?)?|errors"),
    ("accuracy", r"[Aa]ccurac(?:y|ies)"),
    ("precision", r"precision"), ("recall", r"recall"), ("sensitivity", r"sensitivity"),
    ("specificity", r"specificity"), ("loss", r"(?:validation |test |training )?loss"), ("score", r"[Ss]cores?"),
)
_ENTRY = "|".join(f"(?P<m{number}>{spelling})" for number, (_, spelling) in enumerate(METRICS))
METRIC = re.compile(rf"(?<![A-Za-z0-9])(?:{_ENTRY})(?![A-Za-z0-9])")

# Metrics that are no unit of their own: their bare numbers are points of a score or plain fractions.
GENERIC = frozenset({"accuracy", "precision", "recall", "sensitivity", "specificity", "score", "error rate", "loss",
                     "top-1 accuracy", "top-5 accuracy", "top-1 error", "top-5 error", "correlation", "win rate",
                     "success rate", "exact match"})

# Metrics that are shares of a whole: above one they are told in percent, with or without the sign.
SHARES = GENERIC - {"score", "loss", "correlation"}

# What a multiple or a share may be about when no metric is named.
ASPECT = re.compile(
    r"\b((?:(?:trainable|learnable|training|inference|pre-?training|fine-?tuning|decoding|relative|average|absolute|total|"
    r"model|memory|query-time|runtime|fewer|less|more|labell?ed|annotated|task|downstream|performance|catastrophic) )*"
    r"(?:speed-?ups?|acceleration|compression(?: rate| ratio)?|throughput|latency|time|runtime|speed|"
    r"pre-?training|training|fine-?tuning|inference|memory(?: usage| footprint)?|storage|"
    r"parameters?|FLOPs?|comput(?:e|ation|ations|ational costs?)|costs?|data|labels?|annotations?|samples?|"
    r"tokens?|size|performance|efficiency|forgetting|carbon footprint|energy|improvements?|gains?|"
    r"faster|slower|smaller|larger|fewer|cheaper|shorter|longer))\b", re.I)

MAGNITUDES = {"k": 1e3, "K": 1e3, "thousand": 1e3, "M": 1e6, "million": 1e6, "millions": 1e6, "B": 1e9, "G": 1e9,
              "billion": 1e9, "T": 1e12, "trillion": 1e12, "hundred": 1e2}

COUNTED = (
    r"parameters?|params|tokens?|images?|photos?|pictures?|samples?|examples?|instances?|entries|records?|documents?|"
    r"sentences?|words?|pages?|papers?|articles?|tweets?|posts?|questions?|queries|pairs?|triplets?|triples?|videos?|"
    r"clips?|frames?|utterances?|speakers?|compounds?|molecules?|proteins?|genes?|sequences?|nodes?|edges?|graphs?|"
    r"objects?|categories|classes|types?|labels?|annotations?|languages?|tasks?|datasets?|data sets?|benchmarks?|"
    r"domains?|models?|checkpoints?|layers?|heads?|GPUs?|TPUs?|CPUs?|cores?|accelerators?|participants?|patients?|"
    r"subjects?|users?|students?|items?|steps?|iterations?|epochs?|corpora|corpus|instructions?|prompts?|concepts?|"
    r"families|methods|studies|experiments|scenes|countries|sites|scans|slides|points clouds?|games|environments|"
    r"dialogues?|conversations?|reviews?|recipes|books|captions?|characters?|attributes|relations|entities|context|"
    r"vocabulary|dimensions?|bits?|years?|months?|weeks?|times?|metrics|settings|cases|scenarios|tables?|trials?|problems?|puzzles?|theorems?|proofs")

WORD_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
                "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40,
                "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100}

COMPARES = (r"faster|slower|fewer|less|more|smaller|larger|bigger|lower|higher|better|longer|shorter|cheaper|greater|"
            r"lighter|quicker|speed|reduc|improv|increas|decreas|compress|accelerat|efficien|gain|cut\b|boost|saving")
"""Stems that say a number compares two things."""


def metric_name(match: re.Match) -> str:
    """The standard name of what METRIC found."""
    return METRICS[int(str(match.lastgroup)[1:])][0]
