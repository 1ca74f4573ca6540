"""Words and addresses that show which country a document comes from."""

from shared.domain.pattern import Pattern

_STATES = (
    "AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|NM|NY|NC|ND|OH|OK|OR|PA|"
    "RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY"
)
# A state and its postal code stand in addresses of the United States only, but for "DE 80333".
UNITED_STATES = Pattern(
    rf"(?<![\w-])(?:(?!DE )(?:{_STATES}),? \d{{5}}(?:-\d{{4}})?|USA|U\.S\.A?\.?|United States|US|LLC)(?![\w-])"
)
# What documents from elsewhere say.
ELSEWHERE = Pattern(
    r"(?<!\w)(?:VAT|GST|IBAN|BIC|ABN|HST|Ltd|Limited|GmbH|United Kingdom|Canada|Australia|Ireland|India|Europe)(?!\w)"
)
