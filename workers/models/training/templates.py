"""Sentences from templates: the same words once as an attack and once as its opposite.

Without such pairs a model learns that the name of a group, or a swear word, is itself the offence.
Identity terms and insults are ours; the templates are deliberately short and are varied and
combined with other sentences later (``augment``).
"""

import random
from collections.abc import Iterator

from workers.models.training.examples import HARMLESS, Example, Labels


def _words(line: str) -> tuple[str, ...]:
    return tuple(line.split())


GROUPS_DE = _words(
    "Muslime Juden Christen Türken Syrer Afghanen Afrikaner Araber Polen Rumänen "
    "Russen Chinesen Roma Ausländer Migranten Flüchtlinge Asylbewerber Schwarze "
    "Schwule Lesben Homosexuelle Transmenschen Frauen Männer Rentner Behinderte "
    "Ostdeutsche Arbeitslose Obdachlose"
)
TRAITS_DE = ("faul", "kriminell", "dumm", "dreckig", "minderwertig", "gewalttätig", "verlogen")
SLURS_DE = ("Abschaum", "Parasiten", "Ungeziefer", "Tiere", "Dreck", "eine Plage", "Schmarotzer")
INSULTS_DE = _words(
    "Idiot Vollidiot Trottel Depp Arschloch Versager Schwachkopf Hurensohn Wichser "
    "Dummkopf Vollpfosten Spinner Drecksack Clown Hohlkopf Schwein"
)
HARMLESS_DE = (
    "{group} sind nicht {trait}, das ist ein dummes Vorurteil.",
    "Es stimmt einfach nicht, dass {group} {trait} sind.",
    "Wer {group} als {slur} bezeichnet, hat in dieser Diskussion nichts verloren.",
    "„{group} sind {slur}“, stand in der Mail. Ich habe Anzeige erstattet.",
    "Hört auf zu behaupten, alle {group} seien {trait}.",
    "Niemand hier hat gesagt, dass {group} {trait} sind.",
    "Wie kann man nur glauben, dass {group} {slur} sind? Das macht mich traurig.",
    "In unserem Verein sind viele {group}, und es klappt wunderbar.",
    "Angriffe auf {group} haben im letzten Jahr zugenommen.",
    "Ich mag {group}.",
    "{group} verdienen denselben Respekt wie alle anderen.",
    "Über die Förderung für {group} kann man streiten, aber bitte sachlich.",
    "Ich hasse es, wenn jemand so über {group} redet.",
    "Du bist kein {insult}, du hast dich nur geirrt.",
    "Er hat mich vor allen Leuten einen {insult} genannt.",
    "Ich {insult} habe meinen Schlüssel im Auto vergessen.",
    "Nennen Sie bitte niemanden {insult}, nur weil er anders denkt.",
    "Das Wort „{insult}“ ist laut Gericht eine Beleidigung.",
)
TOXIC_DE: tuple[tuple[str, Labels], ...] = (
    ("{group} sind {slur}.", {"identity_attack": 1.0}),
    ("Alle {group} sind {trait}, das weiß doch jeder.", {"identity_attack": 1.0}),
    ("{group} sind nun einmal {trait}, da hilft kein Gutmenschentum.", {"identity_attack": 1.0}),
    ("Ich hasse {group}.", {"identity_attack": 1.0}),
    ("{group} gehören nicht in unser Land.", {"identity_attack": 1.0}),
    ("{group} haben hier nichts zu suchen, sie sind {slur}.", {"identity_attack": 1.0}),
    ("Mir wird schlecht, wenn ich {group} nur sehe.", {"identity_attack": 1.0}),
    ("{group} sollte man alle erschießen.", {"identity_attack": 1.0, "threat": 1.0}),
    ("{group} gehören vergast.", {"identity_attack": 1.0, "threat": 1.0}),
    ("Du bist ein {insult}.", {"insult": 1.0, "identity_attack": 0.0, "threat": 0.0}),
    ("Sie sind ein {insult}, sonst nichts.", {"insult": 1.0, "identity_attack": 0.0}),
    ("So ein {insult} wie du hat hier gefehlt.", {"insult": 1.0, "identity_attack": 0.0}),
    ("Halt den Mund, du {insult}!", {"insult": 1.0, "identity_attack": 0.0, "threat": 0.0}),
    ("Was für ein {insult}, dieser Minister.", {"insult": 1.0, "identity_attack": 0.0}),
    ("Ich schlag dich tot, du {insult}.", {"insult": 1.0, "threat": 1.0}),
    ("Wir finden dich, du {insult}, und dann gnade dir Gott.", {"insult": 1.0, "threat": 1.0}),
)
GROUPS_EN = _words(
    "Muslims Jews Christians immigrants refugees Mexicans Arabs Africans Asians women "
    "gays lesbians atheists pensioners"
)
TRAITS_EN = ("lazy", "stupid", "criminals", "filthy", "inferior", "dangerous")
SLURS_EN = ("scum", "vermin", "parasites", "animals", "a plague", "garbage")
INSULTS_EN = _words("idiot moron loser clown jerk bastard fool pig")
HARMLESS_EN = (
    "It is a lie that {group} are {trait}.",
    "Nobody on this board said that {group} are {trait}, so calm down.",
    "Whoever calls {group} {slur} should be banned from commenting.",
    "Someone left a note saying {group} are {slur}. The police are looking into it.",
    "My street is full of {group} and I would not want to live anywhere else.",
    "Attacks on {group} went up again last year.",
    "{group} have the same rights as everybody else here.",
    "He called me a {insult} in front of the whole meeting.",
    "You are no {insult}, you just missed a line in the report.",
    "I felt like a {insult} when I found the keys in my own pocket.",
)
TOXIC_EN: tuple[tuple[str, Labels], ...] = (
    ("{group} are nothing but {slur}.", {"identity_attack": 1.0}),
    ("We all know that {group} are {trait}.", {"identity_attack": 1.0}),
    ("Get these {group} out of our town, they are {slur}.", {"identity_attack": 1.0}),
    ("{group} should be rounded up and shot.", {"identity_attack": 1.0, "threat": 1.0}),
    ("You are such a {insult}.", {"insult": 1.0, "identity_attack": 0.0, "threat": 0.0}),
    ("Only a {insult} like you would write this.", {"insult": 1.0, "identity_attack": 0.0}),
    ("I will break your jaw, {insult}.", {"insult": 1.0, "threat": 1.0}),
)
PER_TEMPLATE = 14
SEED = 20


def examples() -> Iterator[Example]:
    """Fill the templates of both languages, the same on every call."""
    rng = random.Random(SEED)  # noqa: S311 - a seeded choice, no secret
    sets = (
        ("de", HARMLESS_DE, TOXIC_DE, GROUPS_DE, TRAITS_DE, SLURS_DE, INSULTS_DE),
        ("en", HARMLESS_EN, TOXIC_EN, GROUPS_EN, TRAITS_EN, SLURS_EN, INSULTS_EN),
    )
    for language, harmless, toxic, groups, traits, slurs, insults in sets:
        labelled = [(template, HARMLESS) for template in harmless]
        labelled += [(template, {"toxicity": 1.0, **known}) for template, known in toxic]
        for template, labels in labelled:
            for _ in range(PER_TEMPLATE):
                text = template.format(
                    group=rng.choice(groups),
                    trait=rng.choice(traits),
                    slur=rng.choice(slurs),
                    insult=rng.choice(insults),
                )
                yield Example(text[0].upper() + text[1:], labels, language, "templates")
