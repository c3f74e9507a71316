"""Five plain queries without a model, each with the fields of a good plan.

They were written before the first run. A plan is right if it has exactly these fields, each with an
accepted name and an accepted kind of type.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "number", "date", "boolean", "list"]


@dataclass(frozen=True)
class WantedField:
    names: set[str]
    kinds: set[Kind]


@dataclass(frozen=True)
class PlanningCase:
    query: str
    text: str
    fields: list[WantedField]


CASES = [
    PlanningCase(
        query="extract invoice number, due date and total",
        text="""\
Tidewell Plumbing, invoice 2026-0881 for the Grand Alma Hotel. Repair of two boilers, 11 hours of
work at 62.00 and parts for 418.30. Invoice date 7 May 2026, please pay until 6 June 2026.
Total: 1,100.30 euros.
""",
        fields=[
            WantedField(
                {"invoice_number", "invoice_no", "invoice_id", "number"}, {"text", "number"}
            ),
            WantedField(
                {"due_date", "invoice_due_date", "payment_due_date", "date_due", "due"}, {"date"}
            ),
            WantedField(
                {"total", "total_amount", "invoice_total", "amount", "total_due", "amount_due"},
                {"number"},
            ),
        ],
    ),
    PlanningCase(
        query="get the name, age and home town of every runner",
        text="""\
The city run was won by Amara Diallo, 27, from Dakar, ahead of Jonas Wirth (31, Graz). Third place
went to the oldest runner of the leading group, Pekka Salonen from Turku, who is 44.
""",
        fields=[
            WantedField({"name", "runner_name", "full_name", "runner"}, {"text"}),
            WantedField({"age", "runner_age", "age_years"}, {"number"}),
            WantedField(
                {"home_town", "hometown", "town", "city", "home_city", "runner_home_town"}, {"text"}
            ),
        ],
    ),
    PlanningCase(
        query="I need the product name, the price and whether it is in stock",
        text="""\
Trail lamp Lumo 300: rechargeable, 300 lumens, 68 grams with the strap. 39.90 francs. In stock,
ready to ship within 24 hours. Two years of warranty.
""",
        fields=[
            WantedField({"product_name", "name", "product"}, {"text"}),
            WantedField({"price", "product_price", "price_chf"}, {"number"}),
            WantedField(
                {"in_stock", "is_in_stock", "stock", "available", "is_available", "availability"},
                {"boolean"},
            ),
        ],
    ),
    PlanningCase(
        query="extract the patient's name, the date of the visit and the list of medications",
        text="""\
Visit on 4 May 2026. Mrs. Edith Kowalczyk came for a check of her blood pressure, 142/86. She takes
ramipril, amlodipine and, since April, metformin. Next visit in three months.
""",
        fields=[
            WantedField({"patient_name", "name", "patient", "patients_name"}, {"text"}),
            WantedField({"visit_date", "date_of_visit", "date_of_the_visit", "date"}, {"date"}),
            WantedField(
                {"medications", "list_of_medications", "medication_list", "medication"}, {"list"}
            ),
        ],
    ),
    PlanningCase(
        query="which bank, what loan amount, what interest rate, and when does it end?",
        text="""\
Loan agreement between the Savings Bank of Aldermoor and Otter Bakery Ltd: 85,000 pounds for a new
oven at a fixed interest rate of 4.35 percent. Repayment starts on 1 July 2026, and the loan ends
on 30 June 2033.
""",
        fields=[
            WantedField({"bank", "bank_name", "lender", "name_of_bank"}, {"text"}),
            WantedField({"loan_amount", "amount"}, {"number"}),
            WantedField({"interest_rate", "rate", "interest_rate_percent", "interest"}, {"number"}),
            WantedField(
                {
                    "end_date",
                    "loan_end_date",
                    "end",
                    "date_of_end",
                    "maturity_date",
                    "ends_on",
                    "loan_end",
                },
                {"date"},
            ),
        ],
    ),
]
