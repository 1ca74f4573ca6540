using '../main.bicep'

// A mailbox of its own: two apps on one mailbox would both forward.
param environmentName = 'dev'
param storageSku = 'Standard_LRS'
param invoiceMailbox = 'invoices-dev@contoso.example'
param apMailbox = 'ap-dev@contoso.example'
param ingestSince = '2026-12-01T00:00:00Z'
param syntheticRecipient = 'invoice-synthetic-dev@contoso.example'
param alertEmail = 'invoice-agent-alerts@contoso.example'

// True from the deployment on that puts the webhook into the vault, or after it was put there by hand.
param usesTeams = false
param teamsWebhookUrl = readEnvironmentVariable('TEAMS_WEBHOOK_URL', '')
param alertWebhookUrl = readEnvironmentVariable('ALERT_WEBHOOK_URL', '')

// Object ids, of service principals and of a group; empty: no role is granted.
param deployerPrincipalId = ''
param operatorsPrincipalId = ''
param syntheticPrincipalId = ''
