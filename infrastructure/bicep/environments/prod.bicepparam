using '../main.bicep'

// Edit before the first deployment; from then on this file says what production is told.
param environmentName = 'prod'
param invoiceMailbox = 'invoices@contoso.example'
param apMailbox = 'ap@contoso.example'
param ingestSince = '2026-12-01T00:00:00Z'
param syntheticRecipient = 'invoice-synthetic@contoso.example'
param alertEmail = 'invoice-agent-alerts@contoso.example'

// True from the deployment on that puts the webhook into the vault, or after it was put there by hand.
param usesTeams = false
param teamsWebhookUrl = readEnvironmentVariable('TEAMS_WEBHOOK_URL', '')
param alertWebhookUrl = readEnvironmentVariable('ALERT_WEBHOOK_URL', '')

// Object ids, of service principals and of a group; empty: no role is granted.
param deployerPrincipalId = ''
param operatorsPrincipalId = ''
param syntheticPrincipalId = ''
