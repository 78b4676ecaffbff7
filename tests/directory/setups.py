"""A small setup file, for tests that change a word of it."""

FILE = """\
organisation:
  slug: power
  name: Mto Power
  reference: PW
  zone: Africa/Nairobi
  country: KE
  languages: [en, sw]
  manager: naomi
  default_department: care
  mail: [help@mtopower.example]
  on_call: [naomi]
skills:
  meters: {en: Meters, sw: Mita}
departments:
  care:
    name: {en: Customer Care, sw: Huduma kwa Wateja}
    hours: Mo-Su 06:00-22:00
    mail: [care@mtopower.example, hello@mtopower.example]
    on_call: [naomi]
  repairs:
    name: {en: Network Repairs, sw: Ukarabati}
    hours: 24/7
    on_call: [joseph, naomi]
people:
  amina:
    name: Amina Otieno
    email: amina@daraja.example
    roles: [agent]
    departments: [care]
    skills: [meters]
    languages: [en, sw]
    shifts: [Mo-Fr 06:00-14:00]
  joseph:
    name: Joseph Mwangi
    email: joseph@mtopower.example
    roles: [specialist]
    departments: [repairs]
  naomi:
    name: Naomi Wanjiku
    email: naomi@mtopower.example
    roles: [manager, administrator]
    departments: [care]
reasons:
  outage:
    name: {en: No electricity, sw: Umeme umekatika}
    department: repairs
    promise: {kind: fix, within: 6h}
rules:
  - name: Outage
    when: {reason: outage}
    then: {department: repairs, priority: high}
  - name: Everything else
    then: {department: care}
templates:
  - slug: received
    channel: sms
    language: en
    body: |
      {{ organisation.name }}:
      we have your request {{ case.reference }}.
"""


def changed(old: str, new: str) -> str:
    """The file with one thing written otherwise."""
    assert FILE.count(old) >= 1
    return FILE.replace(old, new, 1)
