"""Words that point to what no note may hold: health, union, religion, origin, politics, private life.

They warn; a person decides. Terms are in French and English, without accents, in small letters; ``*`` ends a beginning.
What is ordinary at work is left out first, and some long words are known with one letter wrong too.
"""

import re
import unicodedata
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

FEWEST = 3  # letters of a text that says something

_ORDINARY = """
sante financiere; sante economique; sante de l entreprise; sante du projet; sante du marche; sante et securite
sante au travail; sante securite; mutuelle sante; complementaire sante; financial health; health and safety
health insurance; health of the project; health of the business; union europeenne; union nationale; european union
credit union; a l origine; l origine de la demande; l origine du probleme; l origine du projet; dans l enceinte
priere de; strike a; strike price; ill at ease; sick of; office politics; prison d or
"""
_HEALTH = """
malade; malades; maladi*; medica*; medecin*; medicine*; doctor; doctors; cancer*; tumeur*; tumor*; tumour*; leucemi*
chimio*; chemo*; depressi*; depressed; deprime*; antidepress*; burn out; burnout; burned out; burnt out
epuisement professionnel; anxiete; anxiolyt*; anxiety; bipolai*; bipolar; schizophr*; psychi*; psycholog*; psychother*
psychosoc*; therap*; suicid*; insomni*; migrain*; diabet*; asthm*; epilep*; sclerose*; infarct*; crise cardiaque
heart attack; avc; covid*; allergi*; lombalg*; hernie*; sciatique*; mal de dos; mal au dos; back pain; chirurg*; surger*
hopital; hopitaux; hospital; hospitals; hospitalis*; hospitaliz*; operee de; operee du; faire operer; handicap*
disabilit*; disabled; invalidite*; fauteuil roulant; wheelchair; inapte*; inaptitude*; rqth; mdph; autis*; dyslex*; tdah
adhd; sida; vih; hiv; sante; health; illness*; ill; sick; sickness; disease*; arret de travail; en arret; sick leave
enceinte*; grossess*; pregnan*; fausse couche; miscarr*; accouch*; maternit*; menopaus*; pma; fiv; ivf; ivg; fertilit*
alcool*; alcohol*; drogu*; drug; drugs; cannabis; toxicoman*; addict*; rehab; ivre; drunk
"""
_UNION = """
syndic*; union; unions; unionis*; unioniz*; cgt; cfdt; cftc; cgc; unsa; greve; greves; grevist*; striker*; strike
strikes; force ouvriere
"""
_RELIGION = """
religi*; musulman*; muslim*; islam*; catholi*; protestant*; chretien*; christianity; juif; juifs; juive*; judai*; jew
jews; jewish; bouddhi*; buddhis*; hindou*; hindu*; jehovah; ramadan; careme; shabbat; sabbath; kippa; hijab
porte le voile; voile islamique; headscarf; priere*; prayer*; mosque*; church; churches; eglise*; synagog*; imam; imams
pretre*; est croyant; croyante*; athee*; atheis*; halal; casher; kosher; la messe; bapteme*
"""
_ORIGIN = """
origine; origines; ethni*; racial*; immigr*; sans papiers; titre de sejour; nationalite*; nationality; maghreb*
couleur de peau; skin colour; skin color
"""
_POLITICS = """
opinion politique; opinions politiques; parti politique; engagement politique; militant*; milite; vote pour; a vote
electeur*; votes for; voted for; lfi; rassemblement national; front national; extreme droite; extreme gauche; far right
far left; political; politically; politics; politicien*
"""
_PRIVATE = """
divorc*; homosex*; lesbi*; gay; gays; bisex*; transgen*; transsex*; sexuel*; sexual*; adulter*; infidel*
violence conjugale; violences conjugales; domestic violence; casier judiciaire; criminal record; prison; vie privee
"""
_MISSPELT = """
maladie; medecin; depression; depressif; depressive; psychiatre; psychologue; psychologique; therapie; chirurgie
handicap; handicape; grossesse; enceinte; pregnant; pregnancy; alcoolique; alcoholic; syndicat; syndique
syndicale; syndicaliste; religion; religieux; religious; musulman; musulmane; catholique; catholic; divorce; homosexuel
homosexual; disability; illness; anxiety; surgery; insomnie; diabete; diabetes; epilepsie; immigration
"""
_CAPITALS = frozenset({"FO", "RN", "ALD", "AAH", "AIDS", "CFE"})  # in small letters they are other words, or none


def _terms(*texts: str) -> list[str]:
    return [term.strip() for text in texts for term in re.split("[;\n]", text) if term.strip()]


def _pattern(terms: Iterable[str]) -> re.Pattern[str]:
    """Any of these as whole words, the longest first."""
    found = (term.replace("*", "[a-z]*") for term in sorted(terms, key=len, reverse=True))
    return re.compile(rf"\b(?:{'|'.join(found)})\b")


_ORDINARY_WORDS = _pattern(_terms(_ORDINARY))
_SENSITIVE_WORDS = _pattern(_terms(_HEALTH, _UNION, _RELIGION, _ORIGIN, _POLITICS, _PRIVATE))
_OFTEN_MISSPELT = _terms(_MISSPELT)


def sensitive_words(text: str) -> list[str]:
    """The words of a text that a note should not hold, as typed, each once."""
    words = list(re.finditer(r"[^\W\d_]+", text))
    folded = [_folded(word[0]) for word in words]
    place_of, start = {}, 0
    for place, word in enumerate(folded):
        place_of[start] = place
        start += len(word) + 1
    joined = _ORDINARY_WORDS.sub(lambda match: re.sub("[^ ]", "_", match[0]), " ".join(folded))
    found = {place_of[match.start()]: match[0].count(" ") for match in _SENSITIVE_WORDS.finditer(joined)}
    for place, word in enumerate(joined.split(" ")):
        if words and (words[place][0] in _CAPITALS or _is_misspelt(word)):
            found.setdefault(place, 0)
    spans = ((words[place].start(), words[place + more].end()) for place, more in sorted(found.items()))
    return list(dict.fromkeys(text[start:end] for start, end in spans))


def check_words(text: str) -> None:
    """Raise ``ValidationError`` for a text that says nothing, such as a full stop; an empty one is another matter."""
    if text.strip() and sum(letter.isalpha() for letter in text) < FEWEST:
        raise ValidationError(_("“%(value)s” says nothing: write it in words.") % {"value": text.strip()})


def _folded(word: str) -> str:
    """In small letters, without accents."""
    letters = unicodedata.normalize("NFKD", word.lower().replace("œ", "oe").replace("æ", "ae"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _is_misspelt(word: str) -> bool:
    """Whether a word, or its singular, is a known one but for a letter that is wrong, missing, added or swapped."""
    return len(word) > 5 and any(
        word[0] == term[0] and (_is_near(word, term) or _is_near(word.removesuffix("s"), term))
        for term in _OFTEN_MISSPELT
        if abs(len(word) - len(term)) <= 2
    )


def _is_near(word: str, term: str) -> bool:
    same = 0
    while same < min(len(word), len(term)) and word[same] == term[same]:
        same += 1
    rest, of_term = word[same:], term[same:]
    is_swapped = rest[:2] == of_term[1::-1] and rest[2:] == of_term[2:]
    return is_swapped or rest[1:] == of_term[1:] or rest[1:] == of_term or rest == of_term[1:]
