"""An organisation for a journey, as the file that `ahadi apply` reads."""


def setup_file(slug: str, prefix: str, *, rules: str = "", more: str = "") -> str:
    """An electricity utility in Nairobi.

    Care: Amina works 06:00 to 14:00, Chao 13:00 to 22:00, on working days. Repairs are open day and night: Joseph, a
    specialist, works 07:00 to 16:00 and is on call. Naomi and Grace are managers, 08:00 to 17:00; Naomi has the last
    word.
    """
    return f"""
organisation:
  slug: {slug}
  name: {slug.title()} Power
  reference: {prefix}
  zone: Africa/Nairobi
  country: KE
  languages: [en, sw]
  manager: {slug}-naomi
  default_department: care
  phone: "+254 20 555 0100"
  mail: [help@{slug}.test]
  on_call: [{slug}-naomi]
settings:
  reopen_days: 7
  repeat: {{days: 14, threshold: 3}}
  sender: {{name: {slug.title()} Power, address: help@{slug}.test}}
promises: {{update: 4h, callback: 1h, visit: 1d, fix: 2d}}
skills:
  lines: Lines and transformers
tiers:
  gold: Gold
departments:
  care:
    name: {{en: Customer Care, sw: Huduma kwa Wateja}}
    hours: Mo-Su 06:00-22:00
    phone: "020 555 0101"
    manager: {slug}-naomi
    on_call: [{slug}-naomi]
  repairs:
    name: {{en: Network Repairs, sw: Ukarabati}}
    hours: 24/7
    on_call: [{slug}-joseph]
people:
  {slug}-amina:
    name: Amina Otieno
    email: amina@{slug}.test
    roles: [agent]
    departments: [care]
    languages: [en, sw]
    shifts: [Mo-Fr 06:00-14:00]
  {slug}-chao:
    name: Chao Mwakio
    email: chao@{slug}.test
    roles: [agent]
    departments: [care]
    languages: [en, sw]
    shifts: [Mo-Fr 13:00-22:00]
  {slug}-joseph:
    name: Joseph Mwangi
    email: joseph@{slug}.test
    roles: [specialist]
    departments: [repairs]
    skills: [lines]
    shifts: [Mo-Fr 07:00-16:00]
  {slug}-naomi:
    name: Naomi Wanjiku
    email: naomi@{slug}.test
    roles: [manager]
    departments: [care]
    shifts: [Mo-Fr 08:00-17:00]
  {slug}-grace:
    name: Grace Njeri
    email: grace@{slug}.test
    roles: [manager, administrator]
    departments: [care]
    shifts: [Mo-Fr 08:00-17:00]
reasons:
  outage:
    name: {{en: No electricity, sw: Umeme umekatika}}
    department: repairs
  bill:
    name: {{en: Bill, sw: Bili}}
    department: care
    promise: {{kind: callback, within: 1h}}
{rules}
{more}
"""
