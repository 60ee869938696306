"""Names for people who do not exist: each first name goes with each family name, whatever either's origin."""


def _listed(names: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(","))


FIRST_NAMES = {
    "F": _listed(
        """
        Adèle, Aïcha, Aminata, Anaïs, Anouk, Apolline, Astrid, Awa, Bérénice, Camila, Capucine, Chiara, Clémence, Daria,
        Edwige, Eleni, Esma, Fatou, Flore, Gaëlle, Hana, Hanh, Héloïse, Inaya, Ingrid, Irina, Jade, Joséphine, Kenza,
        Khadija, Léonie, Leïla, Linh, Lucia, Maëlys, Maïwenn, Malika, Margaux, Mei, Naïma, Noémie, Oksana, Ottilie,
        Paloma, Perrine, Priya, Rokhaya, Rosalie, Salomé, Samira, Shirine, Soizic, Sumi, Tess, Thaïs, Valentina, Yaël,
        Yasmine, Zélie, Zofia
        """
    ),
    "M": _listed(
        """
        Abdel, Achille, Adrien, Aloïs, Amadou, Amir, Anatole, Andrei, Antonin, Ayoub, Baptiste, Bilal, Blaise, Boubacar,
        Côme, Cyprien, Dario, Diego, Elias, Emil, Erwan, Ezra, Farid, Félix, Gaspard, Gaël, Hamid, Henrik, Idriss,
        Ismaël, Ivan, Joaquim, Jules, Kofi, Lazare, Léandre, Loïc, Luca, Malo, Mamadou, Marek, Mehdi, Minh, Moussa,
        Nassim, Nils, Octave, Oumar, Pablo, Quentin, Rachid, Ravi, Rémi, Sacha, Sékou, Tanguy, Tiago, Ulysse, Yann,
        Youssef
        """
    ),
}

LAST_NAMES = _listed(
    """
    Abadie, Aït Larbi, Alvarado, Amara, Andersson, Arbogast, Aubrac, Azoulay, Bakari, Barreto, Beaumanoir, Belkacem,
    Benali, Bergeret, Bianchi, Bonnefoy, Bouvreuil, Brandt, Camara, Cardoso, Castaing, Chambrier, Cheng, Cissé,
    Corvisart, Courtade, Da Costa, Dangelo, Delorme-Roy, Desmarets, Diallo, Diop, Dragomir, Duvivier, El Idrissi, Engel,
    Escudero, Estève, Fabre, Farkas, Ferreira, Fontanel, Fournel, Gallois, Garrigue, Georgiou, Ghali, Gomis, Grimaud,
    Haddad, Hamidou, Hoang, Horvath, Ibarra, Ivanov, Jacquard, Jansen, Kaboré, Kaplan, Keller, Kimura, Kowalska,
    Labrousse, Lacombe, Lebreton, Le Goff, Lemarié, Lindqvist, Lopes, Maillard, Mansouri, Marchetti, Mbaye, Mercadier,
    Mokrani, Moreau-Lys, Nakache, Navarro, N'Diaye, Nguyen, Novak, Okafor, Olivetti, Ortega, Ouedraogo, Pascalis,
    Peyrac, Pham, Popescu, Quemener, Rahmani, Ramos, Rault, Ricci, Roussillon, Sabatier, Saïdi, Santoro, Sarkissian,
    Schneider, Silvestre, Singh, Soler, Sow, Szabo, Taleb, Tanaka, Tessier, Thévenet, Touré, Tran, Urbain, Vasseur,
    Verdier, Vogel, Wagner, Weiss, Yildiz, Zamora, Zerbib
    """
)

SITES = {"Paris": 0.4, "Lyon": 0.2, "Nantes": 0.15, "Lille": 0.15, "Montpellier": 0.1}  # each one's share of the teams
