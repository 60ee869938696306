"""A workbook to fill in: a sheet for each extract, with its columns and one made-up employee to replace."""

import io

import xlsxwriter

from employees.columns import KEY, Column, ColumnKind, Extract, columns_of, readable_in
from employees.extracts.headers import Wanted

NUMBER = 1001
EXAMPLES: dict[str, str | int | float] = {
    KEY: NUMBER,
    "age": 41,
    "revenu_mensuel": 3250,
    "nombre_experiences_precedentes": 2,
    "nombre_heures_travaillees": 152,
    "annee_experience_totale": 14,
    "annees_dans_l_entreprise": 6,
    "annees_dans_le_poste_actuel": 3,
    "satisfaction_employee_environnement": 3,
    "satisfaction_employee_nature_travail": 4,
    "satisfaction_employee_equipe": 3,
    "satisfaction_employee_equilibre_pro_perso": 2,
    "note_evaluation_precedente": 3,
    "note_evaluation_actuelle": 3,
    "niveau_hierarchique_poste": 2,
    "augmentation_salaire_precedente": "2,5 %",
    "a_quitte_l_entreprise": "Non",
    "nombre_participation_pee": 1,
    "nb_formations_suivies": 2,
    "nombre_employee_sous_responsabilite": 0,
    "distance_domicile_travail": 12,
    "niveau_education": 3,
    "annees_depuis_la_derniere_promotion": 2,
    "annees_sous_responsable_actuel": 2,
    "nom": "Exemple",
    "prenom": "Camille",
    "responsable": 1000,
    "site": "Lyon",
    "date_entree": "15/09/2020",
}


def template_workbook(wanted: Wanted = readable_in) -> bytes:
    """An XLSX file of the wanted columns that loads as it is, without a reject or a question."""
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        bold = book.add_format({"bold": True})
        for extract in Extract:
            sheet = book.add_worksheet(extract)
            for place, column in enumerate(column for column in columns_of(extract) if column in wanted(extract)):
                sheet.write(0, place, column.source, bold)
                sheet.write(1, place, _example(column))
            sheet.freeze_panes(1, 1)
            sheet.autofit()
    return content.getvalue()


def _example(column: Column) -> str | int | float:
    """An example value of a column; empty where a person who is present has none."""
    if column.kind == ColumnKind.BOOLEAN:
        return EXAMPLES.get(column.name, "Oui")
    if column.kind == ColumnKind.CHOICE and column.name != "motif_sortie":
        return column.choices[0]
    return EXAMPLES.get(column.name, "")
