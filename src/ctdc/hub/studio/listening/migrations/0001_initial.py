"""The tables of listening and monitoring."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import ctdc.hub.studio.listening.inbox.states


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("ctdc_people", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Health",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("part", models.CharField(db_index=True, max_length=20)),
                ("state", models.CharField(max_length=20)),
                ("numbers", models.JSONField(default=dict)),
                ("since", models.DateTimeField()),
                ("last", models.DateTimeField()),
                ("looks", models.IntegerField(default=1)),
            ],
            options={
                "ordering": ["-last", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="Handled",
            fields=[
                (
                    "message",
                    models.CharField(
                        max_length=16,
                        primary_key=True,
                        serialize=False,
                        validators=[django.core.validators.RegexValidator("^[0-9a-f]{16}$")],
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("help", "help"),
                            ("new", "new"),
                            ("in_hand", "in_hand"),
                            ("answered", "answered"),
                            ("set_aside", "set_aside"),
                        ],
                        default=ctdc.hub.studio.listening.inbox.states.State["NEW"],
                        max_length=10,
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("no_answer", "no_answer"),
                            ("known", "known"),
                            ("written", "written"),
                            ("not_ours", "not_ours"),
                            ("spam", "spam"),
                            ("help_given", "help_given"),
                            ("not_reached", "not_reached"),
                        ],
                        max_length=20,
                    ),
                ),
                ("since", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="SurveyRound",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=40, unique=True)),
                ("opens", models.DateField()),
                ("closes", models.DateField()),
                ("asked", models.JSONField()),
                ("made", models.DateTimeField(default=django.utils.timezone.now)),
                ("ended", models.DateField(blank=True, null=True)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "ordering": ["-opens", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="UpdatePlan",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "months",
                    models.IntegerField(
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(60),
                        ]
                    ),
                ),
                ("due", models.DateField()),
                ("received", models.DateField(blank=True, null=True)),
                ("reminded", models.DateField(blank=True, null=True)),
                (
                    "organisation",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="update_plan",
                        to="ctdc_people.organisation",
                    ),
                ),
            ],
            options={
                "ordering": ["due"],
            },
        ),
        migrations.CreateModel(
            name="Contact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=150)),
                ("function", models.CharField(blank=True, max_length=150)),
                ("email", models.EmailField(max_length=254)),
                (
                    "language",
                    models.CharField(
                        choices=[("ar", "ar"), ("en", "en"), ("fr", "fr"), ("de", "de"), ("es", "es")],
                        default="en",
                        max_length=2,
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="contacts",
                        to="ctdc_people.organisation",
                    ),
                ),
            ],
            options={
                "ordering": ["name"],
                "constraints": [models.UniqueConstraint(fields=("organisation", "email"), name="contact_once")],
            },
        ),
    ]
