"""Made-up companies for a test: their files of a month, each in its own words, columns, scales and formats.

The people are drawn from a seed; nobody in them exists. ``canonical`` is what their files say in the product's words.
"""

import io
import zipfile
from dataclasses import dataclass
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
import xlsxwriter

from employees.columns import FIELDS_OF_STUDY, SATISFACTIONS, TRAVEL_FREQUENCIES

NEW_DEPARTMENT = "Projet Horizon"
SHORTER_DURATIONS = (
    "annees_dans_le_poste_actuel",
    "annees_depuis_la_derniere_promotion",
    "annees_sous_responsable_actuel",
)
SITUATIONS = {"Célibataire": "célibataire", "Marié(e)": "marié", "Divorcé(e)": "divorcé"}
TRAVELS = {"Aucun": "jamais", "Occasionnel": "parfois", "Frequent": "souvent"}
NBSP = "\N{NO-BREAK SPACE}"


def canonical(month: int, departments: tuple[str, ...], jobs: tuple[str, ...], count: int = 40) -> pd.DataFrame:
    """The people of a company in a month, by number; in the second one three more, in a new department."""
    rng = np.random.default_rng(11)
    people = pd.DataFrame({"employee_id": np.arange(101, 104 + count)})
    size = len(people)
    people["age"] = rng.integers(22, 60, size)
    people["genre"] = rng.choice(["F", "M"], size)
    people["revenu_mensuel"] = rng.integers(1800, 9000, size)
    people["statut_marital"] = rng.choice(["Célibataire", "Marié(e)", "Divorcé(e)"], size)
    people["departement"] = rng.choice(departments, size)
    people["poste"] = rng.choice(jobs, size)
    people["nombre_experiences_precedentes"] = rng.integers(0, 9, size)
    people["annees_dans_l_entreprise"] = rng.integers(0, 15, size)
    people["annee_experience_totale"] = people["annees_dans_l_entreprise"] + rng.integers(0, 9, size)
    for name in (
        "annees_dans_le_poste_actuel",
        "annees_depuis_la_derniere_promotion",
        "annees_sous_responsable_actuel",
    ):
        people[name] = people["annees_dans_l_entreprise"] // 2
    for name in SATISFACTIONS:
        people[name] = rng.permutation(np.resize(np.arange(1, 6), size))  # of five points
    people["note_evaluation_precedente"] = rng.integers(1, 5, size)
    people["note_evaluation_actuelle"] = rng.integers(3, 5, size)
    people["niveau_hierarchique_poste"] = rng.integers(1, 6, size)
    people["heures_supplementaires"] = rng.choice([True, False], size)
    people["augmentation_salaire_precedente"] = rng.integers(5, 25, size)
    people["a_quitte_l_entreprise"] = rng.choice([True, False], size)
    people["nombre_participation_pee"] = rng.integers(0, 4, size)
    people["nb_formations_suivies"] = rng.integers(0, 6, size)
    people["distance_domicile_travail"] = rng.integers(1, 30, size)
    people["niveau_education"] = rng.integers(1, 6, size)
    people["domaine_etude"] = np.resize(FIELDS_OF_STUDY, size)
    people["frequence_deplacement"] = np.resize(TRAVEL_FREQUENCIES, size)
    people.loc[count:, "departement"] = NEW_DEPARTMENT
    return people.set_index("employee_id").iloc[: count + 3 * (month > 1)]


def as_read(people: pd.DataFrame) -> pd.DataFrame:
    """The same in the marks of the product: five points are 1 to 4."""
    return people.assign(**{name: 1 + (people[name] - 1) * 3 / 4 for name in SATISFACTIONS})


@dataclass(frozen=True)
class Firm:
    """A company and its files."""

    departments: tuple[str, ...]
    jobs: tuple[str, ...]

    def people(self, month: int) -> pd.DataFrame:
        """Who they are."""
        return canonical(month, self.departments, self.jobs)

    def files(self, month: int) -> dict[str, bytes]:
        """Their files of a month, by name."""
        raise NotImplementedError


class Practice(Firm):
    """One workbook of three sheets with a title above the headers; pay by the year, rises as fractions."""

    def files(self, month):
        p = self.people(month)
        number = {"Matricule": p.index}
        marks = dict(zip(("Sat. cadre", "Sat. travail", "Sat. équipe", "Sat. équilibre"), SATISFACTIONS, strict=True))
        sheets = {
            "Personnel": {
                **number,
                "Âge": p.age,
                "Sexe": p.genre.map({"F": "Femme", "M": "Homme"}),
                "Brut annuel": p.revenu_mensuel * 12,
                "Situation": p.statut_marital.map({"Célibataire": "célibataire", "Marié(e)": "marié"}).fillna(
                    "divorcé"
                ),
                "Service": p.departement,
                "Fonction": p.poste,
                "Employeurs avant": p.nombre_experiences_precedentes,
                "Expérience (ans)": p.annee_experience_totale,
                "Ancienneté (ans)": p.annees_dans_l_entreprise,
                "Dans le poste (ans)": p.annees_dans_le_poste_actuel,
            },
            "Entretiens": {
                **number,
                **{title: p[name] for title, name in marks.items()},
                "Note N-1": p.note_evaluation_precedente,
                "Note N": p.note_evaluation_actuelle,
                "Niveau": p.niveau_hierarchique_poste,
                "Heures sup.": p.heures_supplementaires,
                "Dernière augm.": p.augmentation_salaire_precedente / 100,
            },
            "Enquête": {
                **number,
                "Parti": p.a_quitte_l_entreprise,
                "PEE": p.nombre_participation_pee,
                "Formations": p.nb_formations_suivies,
                "Trajet (km)": p.distance_domicile_travail,
                "Niveau d'études": p.niveau_education,
                "Études": p.domaine_etude,
                "Déplacements": p.frequence_deplacement.map({"Aucun": "jamais", "Occasionnel": "parfois"}).fillna(
                    "souvent"
                ),
                "Depuis promotion (ans)": p.annees_depuis_la_derniere_promotion,
                "Avec le responsable (ans)": p.annees_sous_responsable_actuel,
            },
        }
        tables = {name: pd.DataFrame(columns) for name, columns in sheets.items()}
        return {f"export {month}.xlsx": workbook(tables, title=True)}


class Factory(Firm):
    """Semicolons, Windows-1252, pay with cents and grouped digits, H/F, leading zeros, decimals, a row of totals."""

    def files(self, month):
        p = self.people(month)
        number = {"MATRICULE": [f"{n:09}" for n in p.index]}
        pay = pd.DataFrame(
            {
                **number,
                "AGE": p.age.to_numpy(),
                "SEXE": p.genre.map({"F": "F", "M": "H"}).to_numpy(),
                "SALAIRE_MENSUEL": [f"{v:,.2f}".replace(",", NBSP).replace(".", ",") for v in p.revenu_mensuel],
                "SIT_FAM": p.statut_marital.str[:3].str.upper().replace("CÉL", "CEL").to_numpy(),
                "ETABLISSEMENT": p.departement.to_numpy(),
                "EMPLOI": p.poste.to_numpy(),
                "NB_EMPLOYEURS": p.nombre_experiences_precedentes.to_numpy(),
                "EXP_TOTALE": p.annee_experience_totale.to_numpy(),
                "ANC_SOCIETE": p.annees_dans_l_entreprise.to_numpy(),
                "ANC_POSTE": p.annees_dans_le_poste_actuel.to_numpy(),
                "CENTRE_COUT": "CC-4412",
            }
        ).astype(str)
        pay.loc[len(pay)] = ["TOTAL", *[""] * (pay.shape[1] - 2), str(len(p))]
        appraisals = {
            **number,
            **{f"Q{place} (1-5)": p[name].to_numpy() for place, name in enumerate(SATISFACTIONS, 1)},
            "EVAL_PREC": p.note_evaluation_precedente.to_numpy(),
            "EVAL_COUR": p.note_evaluation_actuelle.to_numpy(),
            "COEF_NIVEAU": p.niveau_hierarchique_poste.to_numpy(),
            "HS": p.heures_supplementaires.astype(int).to_numpy(),
            "AUGM": [f"{v},0 %" for v in p.augmentation_salaire_precedente],
        }
        survey = {
            **number,
            "SORTI": p.a_quitte_l_entreprise.map({True: "O", False: "N"}).to_numpy(),
            "PEE": p.nombre_participation_pee.to_numpy(),
            "NB_FORM": p.nb_formations_suivies.to_numpy(),
            "KM": [f"{v},2" for v in p.distance_domicile_travail],
            "NIV_ETUDE": p.niveau_education.to_numpy(),
            "DOM_ETUDE": p.domaine_etude.replace("Entrepreunariat", "Entrepreneuriat").to_numpy(),
            "DEPLACEMENT": p.frequence_deplacement.replace({"Aucun": "Jamais", "Frequent": "Fréquent"}).to_numpy(),
            "ANC_PROMO": p.annees_depuis_la_derniere_promotion.to_numpy(),
            "ANC_RESP": p.annees_sous_responsable_actuel.to_numpy(),
        }
        tables = {"paie": pay, "evaluations": pd.DataFrame(appraisals), "barometre": pd.DataFrame(survey)}
        return {
            f"{name}_{month}.csv": table.to_csv(index=False, sep=";", lineterminator="\r\n").encode("cp1252")
            for name, table in tables.items()
        }


class Stores(Firm):
    """UTF-8 with its mark, the product's own headers, without what no score needs; and a directory."""

    def files(self, month):
        p = as_read(self.people(month)).rename_axis("id_employee").reset_index()
        p["heure_supplementaires"] = p.pop("heures_supplementaires").map({True: "Oui", False: "Non"})
        p["augementation_salaire_precedente"] = [f"{v} %" for v in p.pop("augmentation_salaire_precedente")]
        names = list(p)
        pay = [*names[: names.index("annees_dans_le_poste_actuel") + 1]]
        pay.remove("statut_marital")
        appraisals = [*SATISFACTIONS, *[n for n in names if n.startswith(("note_", "niveau_h", "heure_", "augem"))]]
        survey = [n for n in names if n not in {*pay, *appraisals, "a_quitte_l_entreprise", "statut_marital"}]
        directory = pd.DataFrame(
            {
                "id_employee": p["id_employee"],
                "nom": "García",
                "responsable": np.where(p["id_employee"] > 101, "101", ""),
                "date_entree": [f"15/09/{2026 - years}" for years in p["annees_dans_l_entreprise"]],
                "date_sortie": np.where(p["a_quitte_l_entreprise"], "12/10/2026", ""),
                "motif_sortie": np.where(p["a_quitte_l_entreprise"], "démission", ""),
            }
        )
        tables = {
            "sirh": p[pay],
            "eval": p[appraisals].assign(eval_number="E_" + p["id_employee"].astype(str)),
            "sondage": p[survey].assign(code_sondage=p["id_employee"].astype(str).str.zfill(8)),
            "annuaire": directory,
        }
        return {f"{name}.csv": table.to_csv(index=False).encode("utf-8-sig") for name, table in tables.items()}


FIRMS = (
    Practice(("Audit", "Fiscalité", "Juridique & Social"), ("Associé", "Associée", "Manager", "Assistante")),
    Factory(
        ("Usinage Nord", "Usinage Est", "Usinage Ouest", "R&D Siège"), ("Technicien N1", "Technicien N2", "Acheteur")
    ),
    Stores(("Magasin 001", "Magasin 002", "Entrepôt Lyon"), ("Hôte de caisse", "Hôtesse de caisse", "Chef de rayon")),
)


def workbook(tables: dict[str, pd.DataFrame], *, title: bool = False) -> bytes:
    """The bytes of an XLSX file with these sheets, each with a title two lines above its header if wanted."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        for name, frame in tables.items():
            sheet = book.add_worksheet(name)
            if title:
                sheet.write(0, 0, f"{name} au 30/09/2026")
            for row, cells in enumerate([list(frame), *frame.to_numpy(dtype=object).tolist()], 2 * title):
                sheet.write_row(row, 0, [cell.item() if isinstance(cell, np.generic) else cell for cell in cells])
    return content.getvalue()


def opendocument(rows: list[dict[str, str]]) -> bytes:
    """The bytes of an ODS file with one sheet of texts."""
    lines = [list(rows[0]), *[list(row.values()) for row in rows]]
    cells = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>'
            for cell in line
        )
        + "</table:table-row>"
        for line in lines
    )
    name = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="{name}:office:1.0"'
        f' xmlns:table="{name}:table:1.0" xmlns:text="{name}:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="Feuille1">{cells}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = f'<?xml version="1.0" encoding="UTF-8"?><manifest:manifest xmlns:manifest="{name}:manifest:1.0"/>'
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        file.writestr("content.xml", content)
        file.writestr("META-INF/manifest.xml", manifest)
    return archive.getvalue()
