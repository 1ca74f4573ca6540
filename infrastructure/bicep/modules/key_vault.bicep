// The one secret: the address of the Teams workflow, whose query holds its key. It is given as a secure parameter, or
// set by hand:
//
//   az keyvault secret set --vault-name NAME --name teams-webhook-url --value 'https://...'
//
// Deleted, the vault keeps its name and its secret for 90 days: az keyvault recover --name NAME.

@description('Required. Name of the vault.')
@maxLength(24)
param name string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags object

@description('Optional. Value of the secret; empty: what is there stays.')
@secure()
param teamsWebhookUrl string = ''

@description('Required. Resource id of the workspace that is told who read what.')
param workspaceId string

var secretName = 'teams-webhook-url'

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  // checkov:skip=CKV_AZURE_109: an app without a virtual network resolves its references from addresses that are shared and change; who may in is Entra ID's to say
  // checkov:skip=CKV_AZURE_189: an app without a virtual network resolves its references from addresses that are shared and change; who may in is Entra ID's to say
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: subscription().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: true
  }
}

resource teamsWebhook 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = if (!empty(teamsWebhookUrl)) {
  // checkov:skip=CKV_AZURE_114: it has one; the checker does not see what a conditional resource holds
  // checkov:skip=CKV_AZURE_41: the workflow's address has no date of its own, and one made up here would silence Teams on that day
  parent: vault
  name: secretName
  properties: {
    value: teamsWebhookUrl
    contentType: 'text/uri-list'
  }
}

resource audit 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'AuditEvent'
        enabled: true
      }
    ]
  }
}

@description('Name of the vault.')
output name string = vault.name

// Without a version: the app follows a new value within a day, or at its next restart.
@description('What an app setting says to get the webhook; no secret itself.')
output teamsWebhookReference string = '@Microsoft.KeyVault(SecretUri=${vault.properties.vaultUri}secrets/${secretName})'
