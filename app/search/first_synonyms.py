"""What means the same in a bank, to start from: Russian, Ukrainian, English.

One group a line, commas between. A new installation begins with these (migration 0006); what
becomes of them there, its staff decides on the page "Synonyms". No word stands in two groups.
"""

from typing import Final

_LINES: Final = """
банкомат, терминал, термінал, АТМ, ATM, cash machine
СБП, система быстрых платежей, быстрые платежи, SBP
ПИН, пин-код, PIN, PIN code
кешбэк, кэшбэк, кешбек, кэшбек, cashback, cash back
вклад, депозит, deposit
счёт, рахунок, account
приложение, мобильный банк, мобильное приложение, апп, застосунок, додаток, мобільний банк, app
личный кабинет, интернет-банк, онлайн-банк, особистий кабінет, інтернет-банк, online banking
карта, картка, пластик, card
дебетовая карта, дебетовка, дебетова картка, debit card
кредитная карта, кредитка, кредитна картка, credit card
виртуальная карта, цифровая карта, віртуальна картка, virtual card
перевыпуск, замена карты, перевипуск, заміна картки, reissue, replacement card
перевод, переказ, transfer
деньги, средства, гроші, кошти, money
наличные, наличка, готівка, cash
комиссия, комісія, fee, commission
кредит, ссуда, заём, займ, позика, loan
ипотека, ипотечный кредит, іпотека, іпотечний кредит, mortgage
рассрочка, розстрочка, оплата частинами, оплата частями, instalments, installment plan
процент, відсоток, interest
процентная ставка, відсоткова ставка, interest rate
смс, эсэмэс, sms, text message
уведомление, пуш, сповіщення, push, notification
отделение, филиал, офис, відділення, філія, branch
график работы, режим работы, часы работы, время работы, графік роботи, години роботи, opening hours
пароль, password
логин, логін, имя пользователя, login, username
паспорт, passport
курьер, доставка, кур'єр, courier, delivery
лимит, ограничение, ліміт, обмеження, limit
блокировка, блокування, block
заблокировать, заморозить, заблокувати, freeze
мошенничество, шахрайство, fraud, scam
мошенник, аферист, шахрай, scammer, fraudster
звонить, дзвонити
овердрафт, overdraft
ЖКХ, коммуналка, коммунальные услуги, квартплата, комуналка, комунальні послуги, utilities
штраф, пеня, неустойка, penalty
налог, податок, tax
зарплата, зп, заработная плата, зарплатня, заробітна плата, salary, wages
пенсия, пенсія, pension
пособие, соцвыплата, социальная выплата, соціальна виплата, benefit
чек, квитанция, квитанція, receipt
выписка, виписка, statement
справка, довідка, certificate
договор, договір, contract, agreement
реквизиты, реквізити, bank details, account details
IBAN, номер счёта, номер рахунку, account number
расчётный счёт, поточний рахунок, current account
SWIFT, свифт, свіфт
доллар, бакс, долар, dollar, USD
евро, євро, euro, EUR
рубль, руб, RUB, rouble, ruble
гривна, гривня, грн, UAH, hryvnia
валюта, currency
курс валют, обменный курс, обмінний курс, exchange rate
инвестиции, інвестиції, investments
страховка, страхование, страхування, insurance
заявка, заявление, заява, application
NFC, бесконтактная оплата, безконтактна оплата, оплата телефоном, contactless payment
Apple Pay, эппл пей, эпл пей, епл пей
Google Pay, гугл пей, гугл пэй
Mir Pay, мир пей, мир пэй
QR, QR-код, куар, кьюар, QR code
подписка, підписка, передплата, subscription
автоплатёж, регулярный платёж, автоплатіж, регулярний платіж, standing order, direct debit
платёж, платіж, payment
оплатить, сплатити, pay
пополнение, поповнення, top up
снятие, зняття, withdrawal
возврат, повернення, refund
чарджбэк, чарджбек, оспорить операцию, оскаржити операцію, chargeback
баланс, остаток, залишок, balance
баллы, бонусы, бали, бонуси, points, bonus
программа лояльности, програма лояльності, loyalty programme, loyalty program
поддержка, горячая линия, колл-центр, підтримка, гаряча лінія, support, call centre, hotline
ИП, индивидуальный предприниматель, ФОП, sole trader
самозанятый, самозайнятий, НПД, self-employed
юрлицо, юридическое лицо, юрособа, юридична особа, legal entity
физлицо, физическое лицо, фізособа, фізична особа
РКО, расчётно-кассовое обслуживание, розрахунково-касове обслуговування
эквайринг, еквайринг, acquiring
ЭЦП, КЭП, электронная подпись, ЕЦП, КЕП, електронний підпис, e-signature
ИНН, налоговый номер, ІПН, податковий номер, tax number
доверенность, довіреність, power of attorney
наследство, спадщина, inheritance
кредитная история, БКИ, кредитна історія, credit history
кредитные каникулы, кредитні канікули, отсрочка, відстрочка, кредит на паузу, payment holiday
рефинансирование, перекредитование, рефінансування, перевести ипотеку, refinancing
досрочно, достроково, early
досрочное погашение, дострокове погашення, early repayment
просрочка, прострочення, overdue
долг, задолженность, борг, заборгованість, debt
льготный период, грейс, грейс-период, пільговий період, grace period
CVV, CVC, код на обороте, код на звороті, security code
3DS, 3-D Secure, код подтверждения, код підтвердження, confirmation code
отпечаток пальца, Touch ID, відбиток пальця, fingerprint
Face ID, вход по лицу, вхід за обличчям
банковская ячейка, депозитная ячейка, банківська скринька, safe deposit box
закрыть, закрити, close
открыть, оформить, відкрити, оформити, open
ребёнок, детский, дитина, дитячий, child, kids
иностранец, нерезидент, іноземець, foreigner, foreign resident, non-resident
человек, людина, person
год, рік, year
выходные, вихідні, weekend
PDF, пдф
тёмная тема, тёмный режим, ночная тема, темна тема, dark theme, dark mode
"""

GROUPS: Final[tuple[tuple[str, ...], ...]] = tuple(
    tuple(word.strip() for word in line.split(",")) for line in _LINES.strip().splitlines()
)
