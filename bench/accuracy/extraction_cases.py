"""Ten texts, each with a plain query, a model and the gold values: 50 scored fields.

They were written before the first run; a later change of a gold value must be justified by the
text. Every value occurs in its text. All people, companies and figures are invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, Field


@dataclass(frozen=True)
class ExtractionCase:
    """`gold` has one record for each item in the text; a set lists equally correct strings."""

    name: str
    query: str
    text: str
    model: type[BaseModel]
    gold: list[dict[str, Any]]


class Invoice(BaseModel):
    invoice_number: str
    vendor: str
    invoice_date: date
    currency: Literal["EUR", "USD", "GBP", "CHF"]
    total: Decimal = Field(description="Amount to be paid, tax included")


INVOICE = ExtractionCase(
    name="invoice",
    query="extract number, vendor, date, currency and total of the invoice",
    text="""\
Brightwater Office Supply GmbH
Lindenallee 12, 50668 Cologne

INVOICE No. BW-77310                              Date: 18 March 2026
Customer no. 20418

Bill to: Fernbach Architects, Rheinufer 3, 53113 Bonn

Qty   Description                    Unit price       Amount
 12   Copy paper A4, box                  28.50       342.00
  3   Toner cartridge, black              79.90       239.70

                                  Net amount          581.70
                                  VAT 19%             110.52
                                  Total EUR           692.22

Payable without deduction until 17 April 2026. Please quote the invoice number with your transfer.
Goods remain our property until paid in full. Thank you for your order of 11 March 2026.
""",
    model=Invoice,
    gold=[
        {
            "invoice_number": "BW-77310",
            "vendor": "Brightwater Office Supply GmbH",
            "invoice_date": date(2026, 3, 18),
            "currency": "EUR",
            "total": Decimal("692.22"),
        }
    ],
)


class Receipt(BaseModel):
    shop: str
    bought_on: date
    items_sold: int
    total: float
    paid_by: Literal["cash", "card", "voucher"]


RECEIPT = ExtractionCase(
    name="receipt",
    query="extract shop, date, number of items sold, total and means of payment",
    text="""\
        MARCONI'S DELI
   118 Harbor Street, Portland
       Tel. 555-0147

03/14/2026   12:47   Register 2
Served by: Wanda

Turkey sandwich            9.75
Turkey sandwich            9.75
Minestrone, large          7.90
Lemonade                   3.75
-------------------------------
Items sold: 4
SUBTOTAL                  31.15
TAX 8%                     2.49
TOTAL                    $33.64
CASH                     $40.00
CHANGE                    $6.36

Keep this receipt for returns within 14 days.
Collect 10 stamps and your next soup is free!
No card accepted under $10.
""",
    model=Receipt,
    gold=[
        {
            "shop": "Marconi's Deli",
            "bought_on": date(2026, 3, 14),
            "items_sold": 4,
            "total": 33.64,
            "paid_by": "cash",
        }
    ],
)


class OrderRequest(BaseModel):
    customer: str = Field(description="Full name of the person who orders")
    product: str
    quantity: int
    deliver_by: date
    gift_wrap: bool


EMAIL = ExtractionCase(
    name="e-mail",
    query="extract the customer, the product, the quantity, the latest delivery date and whether "
    "gift wrapping is wanted",
    text="""\
From: Judith Okafor <judith.okafor@pinebrook-school.example>
To: orders@kilnandclay.example
Sent: Tuesday, 5 May 2026 08:12
Subject: Mugs for our summer party

Hello Kiln & Clay team,

last year we bought 40 of your plates and everybody loved them. This time I would like to order 65
Stoneware Mugs in the colour sage. Our summer party is on 20 June 2026, so they have to be here by
12 June 2026 at the latest. Gift wrapping is not needed, a plain box is fine.

Could you also tell me the shipping cost to Pinebrook? My colleague Martin Reyes will take the
delivery at the school office, any weekday from 8 to 15 o'clock.

Kind regards
Judith Okafor
Head of the parents' council
""",
    model=OrderRequest,
    gold=[
        {
            "customer": "Judith Okafor",
            "product": {"Stoneware Mugs", "Stoneware Mugs in the colour sage"},
            "quantity": 65,
            "deliver_by": date(2026, 6, 12),
            "gift_wrap": False,
        }
    ],
)


class Lease(BaseModel):
    landlord: str
    tenant: str
    start_date: date = Field(description="First day of the lease")
    monthly_rent: Decimal
    notice_months: int


CONTRACT = ExtractionCase(
    name="contract",
    query="extract landlord, tenant, start of the lease, monthly rent and notice period in months",
    text="""\
RESIDENTIAL LEASE

This lease is made on 22 January 2026 between Verona Property Management Inc. (the "Landlord") and
Samuel T. Whitfield (the "Tenant").

1. Premises. The Landlord lets to the Tenant the apartment at 407 Juniper Street, Unit 3B, with one
parking space and a cellar room.
2. Term. The lease begins on 1 March 2026 and runs for an indefinite time.
3. Rent. The monthly rent is $1,840.00, due on the third business day of each month. Heating and
water are charged separately at $165.00 a month.
4. Deposit. The Tenant pays a deposit of $3,680.00 before moving in.
5. Notice. Either party may end the lease by giving 3 months' notice in writing to the end of a
month.
6. Pets. One cat is permitted; other pets need the Landlord's consent.
""",
    model=Lease,
    gold=[
        {
            "landlord": "Verona Property Management Inc.",
            "tenant": "Samuel T. Whitfield",
            "start_date": date(2026, 3, 1),
            "monthly_rent": Decimal("1840.00"),
            "notice_months": 3,
        }
    ],
)


class LoggedError(BaseModel):
    timestamp: datetime
    service: str
    http_status: int
    duration_ms: int
    retried: bool


LOG = ExtractionCase(
    name="log",
    query="extract every entry of level ERROR",
    text="""\
2026-04-08T03:11:52 INFO  gateway    7f31 GET /v2/catalog status=200 duration_ms=41 retried=no
2026-04-08T03:11:58 ERROR billing    7f36 POST /v2/charge status=502 duration_ms=3004 retried=yes
2026-04-08T03:12:04 INFO  billing    7f36 POST /v2/charge status=200 duration_ms=388 retried=no
2026-04-08T03:12:09 WARN  inventory  7f40 GET /v2/stock/551 status=200 duration_ms=1875 retried=no
2026-04-08T03:12:31 ERROR shipping   7f48 PUT /v2/label/90 status=409 duration_ms=76 retried=no
2026-04-08T03:12:33 INFO  gateway    7f4a GET /health status=200 duration_ms=2 retried=no
""",
    model=LoggedError,
    gold=[
        {
            "timestamp": datetime(2026, 4, 8, 3, 11, 58),
            "service": "billing",
            "http_status": 502,
            "duration_ms": 3004,
            "retried": True,
        },
        {
            "timestamp": datetime(2026, 4, 8, 3, 12, 31),
            "service": "shipping",
            "http_status": 409,
            "duration_ms": 76,
            "retried": False,
        },
    ],
)


class JobAd(BaseModel):
    title: str
    employer: str
    city: str
    salary_from: int = Field(description="Lower end of the yearly salary")
    remote_possible: bool


JOB_AD = ExtractionCase(
    name="job ad",
    query="extract job title, employer, city, the lower end of the salary and if remote work is "
    "possible",
    text="""\
Senior Bridge Inspector (m/f/d), full time

Halvorsen Structural Engineers is looking for an experienced inspector for its office in Trondheim.
Since 1987 our 120 engineers have examined bridges, dams and tunnels all over Scandinavia, from
Bergen to Kiruna.

What you do: you plan and lead inspections of steel and concrete bridges, write the reports, and
train two junior inspectors.

What you bring: a degree in civil engineering, at least 6 years of practice, a driving licence, a
head for heights.

What we offer: 720,000 to 850,000 NOK a year depending on experience, six weeks of holiday, and up
to two days a week of work from home in the winter months.

Apply until 30 September 2026 with Ingrid Solheim, jobs@halvorsen.example.
""",
    model=JobAd,
    gold=[
        {
            "title": {"Senior Bridge Inspector", "Senior Bridge Inspector (m/f/d)"},
            "employer": "Halvorsen Structural Engineers",
            "city": "Trondheim",
            "salary_from": 720000,
            "remote_possible": True,
        }
    ],
)


class Measurement(BaseModel):
    analyte: str
    value: float
    unit: str
    upper_limit: float = Field(description="Upper end of the reference range")
    flag: Literal["low", "normal", "high"]


LAB_REPORT = ExtractionCase(
    name="lab report",
    query="extract all measured values",
    text="""\
Eastfield Medical Laboratory
Report 26-118842                          Collected: 11 Feb 2026 07:40
Patient: R. Castellano, born 02 Sep 1974  Reported:  11 Feb 2026 15:05
Material: serum, fasting

Analyte          Result    Unit      Reference range    Flag
Glucose            5.2     mmol/L    3.9 - 5.6          normal
Potassium          3.1     mmol/L    3.5 - 5.1          low
Ferritin         412       ug/L      30 - 300           high

Comment: Potassium was confirmed by a second measurement. Please repeat in one week. The sample was
not haemolytic.

Validated by Dr. A. Lindqvist
""",
    model=Measurement,
    gold=[
        {
            "analyte": "Glucose",
            "value": 5.2,
            "unit": "mmol/L",
            "upper_limit": 5.6,
            "flag": "normal",
        },
        {
            "analyte": "Potassium",
            "value": 3.1,
            "unit": "mmol/L",
            "upper_limit": 5.1,
            "flag": "low",
        },
        {
            "analyte": "Ferritin",
            "value": 412.0,
            "unit": "ug/L",
            "upper_limit": 300.0,
            "flag": "high",
        },
    ],
)


class Minutes(BaseModel):
    committee: str
    held_on: date
    chair: str
    approved_amount: float
    next_meeting: date


MINUTES = ExtractionCase(
    name="minutes",
    query="extract the committee, the date of the meeting, who chaired it, the amount approved and "
    "the date of the next meeting",
    text="""\
MINUTES of the Playground Committee, town of Elmsworth
held on 3 February 2026 at 19:00 in the town hall

Present: Beatrix Noll (chair), Gordon Achebe, Mei Tanaka, Paul Ferrier (minutes)
Excused: Ruth Sandoval

1. The minutes of 6 January 2026 were accepted without changes.
2. Gordon Achebe presented three offers for the new climbing frame: 14,900, 17,250 and 21,600 euros.
The committee approved 17,250 euros for the offer of Spielwerk, 3 votes to 1. The offer includes
the installation, which takes four days.
3. The sand in the northern playground is to be replaced before Easter. Mei Tanaka asks for prices.
4. Next meeting: 10 March 2026, same place and time.

The meeting closed at 20:25.
""",
    model=Minutes,
    gold=[
        {
            "committee": "Playground Committee",
            "held_on": date(2026, 2, 3),
            "chair": "Beatrix Noll",
            "approved_amount": 17250.0,
            "next_meeting": date(2026, 3, 10),
        }
    ],
)


class Ticket(BaseModel):
    reporter: str
    product: str
    version: str
    severity: Literal["low", "medium", "high", "critical"]
    affected_users: int


TICKET = ExtractionCase(
    name="ticket",
    query="extract the reporter, the product, its version, the severity and the number of users "
    "affected",
    text="""\
Ticket #58821   Status: open   Severity: High
Opened by: Anneke Vos, IT support, on 2026-05-19 at 09:06
Assigned to: Team Blue (Rahul Menon)

Since the update of last night, ScanHub Desktop 4.11.2 does not find the network printers on the
second floor any more. Version 4.11.0 worked without problems. On the first floor everything is
fine, so it may have to do with the new VLAN 230.

37 users are affected; 12 of them can use the printer in the hallway for the time being. A restart
of the print server at 08:30 did not help. The vendor's hotline (case 901-4471) suggests a
downgrade, which we would like to avoid before the audit on Friday.
""",
    model=Ticket,
    gold=[
        {
            "reporter": "Anneke Vos",
            "product": "ScanHub Desktop",
            "version": "4.11.2",
            "severity": "high",
            "affected_users": 37,
        }
    ],
)


class Event(BaseModel):
    name: str
    venue: str
    day: date
    starts_at: time
    ticket_price: float = Field(description="Price of a regular ticket")


EVENT = ExtractionCase(
    name="event",
    query="extract name, venue, day, starting time and regular ticket price of the event",
    text="""\
Lanterns on the Water returns to Lakeview Pavilion!

On Saturday, 22 August 2026, more than 500 paper lanterns will float on the lake once it is dark.
Before that, three bands play on the floating stage, and the kitchens around the pavilion serve
dumplings, arepas and ice cream.

The doors open at 17:00, the programme starts at 18:30 and ends around midnight. A regular ticket
costs 24.50 euros, children under 12 pay 9 euros, and members of the lake club come in free.
Tickets are sold online until 21 August and, if any are left, at the gate for 29 euros.

In case of a storm the evening is moved to 29 August. Please come by bus 14; there is little
parking. Dogs have to stay at home.
""",
    model=Event,
    gold=[
        {
            "name": "Lanterns on the Water",
            "venue": "Lakeview Pavilion",
            "day": date(2026, 8, 22),
            "starts_at": time(18, 30),
            "ticket_price": 24.5,
        }
    ],
)

CASES = [INVOICE, RECEIPT, EMAIL, CONTRACT, LOG, JOB_AD, LAB_REPORT, MINUTES, TICKET, EVENT]
