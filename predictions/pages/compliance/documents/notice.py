"""The notice to employees (GDPR, articles 13 and 14; Labour Code, L1222-4), in plain words."""

from django.utils.translation import gettext as _

from predictions.pages.compliance.document import Document, section
from predictions.pages.compliance.documents import shared
from predictions.pages.compliance.installation import Installation


def document(facts: Installation) -> Document:
    return Document(
        "notice",
        _("Notice to employees"),
        _("To be given to every employee before the first score, and put where everyone finds it."),
        [
            section(
                _("What it is"),
                _("HR uses TechNova, a program that estimates who may leave the company %(horizon)s, and why.")
                % {"horizon": facts.horizon},
                _("It serves to offer a talk in time: about pay, workload, training or a move."),
                _("It is an estimate from data of work. It is often wrong, and a person always decides."),
                ask=facts.answers("need"),
            ),
            section(
                _("What it is not used for"),
                bullets=[
                    _("No dismissal, sanction or refusal of a rise, a training or a promotion."),
                    _("No reading of messages, no watching, no guess about your health, opinions or feelings."),
                    _("No decision without a person who looks at your case and hears you."),
                ],
            ),
            section(
                _("Which data"),
                _("The score uses: %(names)s.") % {"names": facts.labels(facts.card["used"])},
                _("It does not use: %(names)s.") % {"names": facts.labels(facts.card["left_out"])},
                _("Also kept, though no score is calculated from it: %(names)s.")
                % {"names": ", ".join(facts.beside_scores())},
                _("They come from the HR system, the appraisals, the survey and the directory.")
                if facts.has_directory
                else _("They come from the HR system, the appraisals and the survey."),
            ),
            section(_("Who sees them"), table=shared.readers(facts), ask=facts.answers("processors", "transfers")),
            shared.systems(facts),
            section(_("For how long"), table=shared.kept()),
            section(_("On what basis"), ask=facts.answers("legal_basis")),
            section(
                _("Your rights"),
                bullets=[
                    _("See your data, your score and its reasons in words, and what would have changed it."),
                    _("Have wrong data corrected."),
                    _("Object, for reasons that are yours, and ask for erasure where the law allows it."),
                    _("Contest a score: a person looks at it again and answers you."),
                    _("Complain to the CNIL: www.cnil.fr."),
                ],
                ask=facts.answers("contact", "dpo"),
            ),
            section(_("Who answers for it"), ask=facts.answers("controller")),
        ],
    )
