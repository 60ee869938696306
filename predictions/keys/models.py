import hashlib
from unicodedata import category

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import constant_time_compare, get_random_string
from django.utils.translation import gettext_lazy as _

from employees import terms
from employees.access import Scope, scope_of_key
from predictions.keys.quota import Quota

# The field of each scope, by the name that clients read.
SCOPES = {"predict": "can_predict", "read": "can_read", "load": "can_load", "cases": "can_follow"}
UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}  # Unicode categories: controls, halves of a pair, ends of lines


def validate_departments(value) -> None:
    """A list of departments that exist, or did before they were merged."""
    known = terms.current().vocabularies["departement"].values
    if not (isinstance(value, list) and terms.resolved("departement", map(str, value)) <= set(known)):
        raise ValidationError(_("Choose among: %(names)s.") % {"names": terms.listed("departement")})


class APIKeyQuerySet(models.QuerySet["APIKey"]):
    def usable(self):
        """Keys that are neither revoked nor expired."""
        return self.filter(Q(expiry_date=None) | Q(expiry_date__gt=timezone.now()), revoked=False)

    def within(self, scope: Scope):
        """Keys within the scope. One query over all keys, unless the scope is everyone."""
        if scope.sees_everyone:
            return self
        return self.filter(pk__in=[key.pk for key in self if scope.covers(scope_of_key(key))])


class APIKey(models.Model):
    """A REST client's key: hashed at rest, with an owner, scopes, an expiry and, when limited, its departments.

    A secret is the key's public prefix, a dot and 32 random characters (190 bits), so that a fast hash is enough: it
    cannot be guessed. It is shown once, when the key is created. ``keys.services.admit`` accepts or refuses a secret.
    """

    quota: Quota  # of the current minute; set by ``keys.admit``

    id = models.CharField(max_length=150, unique=True, primary_key=True, editable=False)
    prefix = models.CharField(_("prefix"), max_length=8, unique=True, editable=False)
    hashed_key = models.CharField(max_length=150, editable=False)
    created = models.DateTimeField(_("created at"), auto_now_add=True, db_index=True)
    name = models.CharField(_("name"), max_length=50, help_text=_("50 characters at most; it need not be unique."))
    revoked = models.BooleanField(
        _("revoked"), default=False, blank=True, help_text=_("Refused for good: this cannot be undone.")
    )
    expiry_date = models.DateTimeField(
        _("expires at"), null=True, blank=True, help_text=_("The key is refused from then on.")
    )
    owner = models.CharField(_("owner"), max_length=100, help_text=_("The team or the person that answers for it."))
    can_predict = models.BooleanField(_("may ask for predictions"), default=True)
    can_read = models.BooleanField(_("may read the log"), default=True)
    can_load = models.BooleanField(
        _("may deliver extracts"), default=False, help_text=_("Only for a key that sees everyone.")
    )
    can_follow = models.BooleanField(
        _("may open and change cases"), default=False, help_text=_("Of the people that it sees.")
    )
    departments = models.JSONField(
        _("departments"),
        null=True,
        blank=True,
        validators=[validate_departments],
        help_text=_("The departments whose employees it sees; none chosen: all of them."),
    )
    last_used_at = models.DateTimeField(_("last used at"), null=True, editable=False)

    objects = APIKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["-created"]
        constraints = [
            models.CheckConstraint(
                condition=Q(can_predict=True) | Q(can_read=True) | Q(can_load=True) | Q(can_follow=True),
                name="key_has_a_scope",
                violation_error_message=_("A key needs at least one scope."),
            ),
            models.CheckConstraint(
                condition=Q(can_load=False) | Q(departments__isnull=True),
                name="key_that_loads_sees_everyone",
                violation_error_message=_("Extracts hold the whole company: only a key that sees everyone loads them."),
            ),
        ]

    def __str__(self):
        return self.name

    def save(self, **options):
        if not self._state.adding and not self.revoked and APIKey.objects.filter(pk=self.pk, revoked=True).exists():
            raise ValidationError(_("This key is revoked, which cannot be undone."))
        super().save(**options)

    def clean_fields(self, exclude=None):
        super().clean_fields(exclude)
        names = {"name", "owner"} - set(exclude or ())
        unprintable = [name for name in names if not UNPRINTABLE.isdisjoint(map(category, getattr(self, name)))]
        if unprintable:
            raise ValidationError(dict.fromkeys(unprintable, _("A character in it cannot be shown.")))

    @staticmethod
    def hash(secret: str) -> str:
        return f"sha512$${hashlib.sha512(secret.encode()).hexdigest()}"

    def assign_secret(self) -> str:
        """Set the prefix and hash of a new key, and return the secret, which is not stored."""
        secret = f"{get_random_string(8)}.{get_random_string(32)}"
        self.prefix, self.hashed_key = secret[:8], self.hash(secret)
        self.id = f"{self.prefix}.{self.hashed_key}"
        return secret

    def matches(self, secret: str) -> bool:
        """Whether this is the key's secret; compared in constant time."""
        return constant_time_compare(self.hash(secret), self.hashed_key)

    @property
    def scopes(self) -> list[str]:
        """What it may do."""
        return [name for name, field in SCOPES.items() if getattr(self, field)]

    @property
    def scopes_in_words(self) -> str:
        names = {"predict": _("predict"), "read": _("read"), "load": _("deliver"), "cases": _("cases")}
        return ", ".join(str(names[scope]) for scope in self.scopes)

    @property
    def scope(self) -> Scope:
        """The people it sees."""
        return scope_of_key(self)

    @property
    def is_usable(self) -> bool:
        return not self.revoked and (self.expiry_date is None or self.expiry_date > timezone.now())

    def revoke(self) -> None:
        """Refuse it from the next request on, for good."""
        self.revoked = True
        self.save(update_fields=["revoked"])


class RequestCount(models.Model):
    """The number of requests of a subject in its latest window of one or more minutes.

    A subject is a key, the address of bad keys or wrong passwords, or the digest of a name or a browser that tries
    passwords. Written in one statement (see ``limits``), so that the count is exact across processes. On PostgreSQL the
    table is unlogged: a crash loses the counts of one window, and no request waits for the disk.
    """

    subject = models.CharField(_("subject"), max_length=60, primary_key=True)
    minute = models.BigIntegerField(_("minute"), help_text=_("Minutes since 1970."))
    requests = models.BigIntegerField(_("requests"))

    class Meta:
        verbose_name = _("count of requests")
        verbose_name_plural = _("counts of requests")

    def __str__(self):
        return f"{self.subject}: {self.requests}"
