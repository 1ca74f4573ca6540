// One environment of the invoice agent, whole, in a resource group that is made first:
//
//   az group create --name rg-invoice-agent-prod --location westeurope
//   az deployment group create --resource-group rg-invoice-agent-prod \
//     --parameters infrastructure/bicep/environments/prod.bicepparam
//
// Nothing names a subscription or a tenant. Who deploys needs to grant roles: Owner of the group, or Contributor with
// Role Based Access Control Administrator. Deploying again changes what differs and keeps what the slots serve.
//
// The files keep to the Bicep that the policy checker's parser reads too (no `string[]`, no lambdas beyond `filter`):
// what it cannot read, it does not check.

targetScope = 'resourceGroup'

@description('Required. Which environment this is; the last part of every name.')
@allowed(['dev', 'prod'])
param environmentName string

@description('Optional. Region of everything.')
param location string = resourceGroup().location

// 24, so that app and app-staging differ within the 32 characters that the host makes its id of: apps of one id on one
// storage account share their timer's lock (https://learn.microsoft.com/azure/azure-functions/storage-considerations).
@description('Optional. Name of the function app; unique in Azure, as it becomes a host name.')
@maxLength(24)
param functionAppName string = 'func-invoice-agent-${environmentName}'

@description('Optional. Plan: EP1 and EP2 are Elastic Premium; S1 and P1v3 are Dedicated, always on.')
@allowed(['EP1', 'EP2', 'S1', 'P1v3'])
param planSku string = 'EP1'

@description('Optional. Redundancy of storage: across zones, or within one where the region has none.')
@allowed(['Standard_ZRS', 'Standard_LRS'])
param storageSku string = 'Standard_ZRS'

@description('Required. Address of the shared mailbox.')
@minLength(3)
param invoiceMailbox string

@description('Required. Where invoices go; never the shared mailbox itself.')
@minLength(3)
param apMailbox string

@description('Required. UTC instant such as 2026-12-01T00:00:00Z; mails received earlier are never touched.')
@minLength(20)
param ingestSince string

@description('Optional. Where mails of the synthetic check go; empty: they are refused.')
param syntheticRecipient string = ''

// Apart from the secret, so that deploying again does not need it. True before the vault holds it would leave the
// reference unresolved, its text in the setting, and every function failing on it.
@description('Optional. Whether cards go to Teams: the vault holds the webhook, or teamsWebhookUrl is given now.')
param usesTeams bool = false

@description('Optional. Teams workflow webhook to put into the vault; empty: what is there stays.')
@secure()
param teamsWebhookUrl string = ''

@description('Required. Who gets the mails of alerts.')
@minLength(3)
param alertEmail string

@description('Optional. HTTPS endpoint that gets alerts too (on-call service), in the common alert schema.')
@secure()
param alertWebhookUrl string = ''

@description('Optional. Object id of the service principal that the deployment workflow logs in as.')
param deployerPrincipalId string = ''

@description('Optional. Object id of the group of engineers on call.')
param operatorsPrincipalId string = ''

@description('Optional. Object id of the service principal that the synthetic check logs in as.')
param syntheticPrincipalId string = ''

var workload = 'invoice-agent-${environmentName}'
var unique = uniqueString(resourceGroup().id)
var isElastic = startsWith(planSku, 'EP')
var contentName = 'stcont${environmentName}${unique}'
var tags = {
  workload: 'invoice-agent'
  environment: environmentName
}

module identity 'modules/identity.bicep' = {
  name: 'identity'
  params: {
    name: 'id-${workload}'
    location: location
    tags: tags
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: {
    workspaceName: 'log-${workload}'
    componentName: 'ai-${workload}'
    location: location
    tags: tags
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  params: {
    name: 'stinvag${environmentName}${unique}'
    location: location
    tags: tags
    sku: storageSku
    workspaceId: monitoring.outputs.workspaceId
  }
}

module content 'modules/content.bicep' = if (isElastic) {
  name: 'content'
  params: {
    name: contentName
    location: location
    tags: tags
    sku: storageSku
  }
}

module keyVault 'modules/key_vault.bicep' = {
  name: 'key-vault'
  params: {
    name: 'kvinvag${environmentName}${unique}'
    location: location
    tags: tags
    teamsWebhookUrl: teamsWebhookUrl
    workspaceId: monitoring.outputs.workspaceId
  }
}

module app 'modules/app.bicep' = {
  name: 'app'
  params: {
    name: functionAppName
    planName: 'plan-${workload}'
    planSku: planSku
    location: location
    tags: tags
    identityId: identity.outputs.id
    workspaceId: monitoring.outputs.workspaceId
  }
}

module rbac 'modules/rbac.bicep' = {
  name: 'rbac'
  params: {
    functionAppName: app.outputs.name
    storageName: storage.outputs.name
    keyVaultName: keyVault.outputs.name
    componentNames: monitoring.outputs.componentNames
    appPrincipalId: identity.outputs.principalId
    deployerPrincipalId: deployerPrincipalId
    operatorsPrincipalId: operatorsPrincipalId
    syntheticPrincipalId: syntheticPrincipalId
  }
}

resource deployed 'Microsoft.Web/sites@2024-04-01' existing = {
  name: functionAppName
}

// After the roles: a reference to the vault is resolved when it is set, and again only a day later.
module settings 'modules/settings.bicep' = {
  name: 'settings'
  params: {
    functionAppName: functionAppName
    storageName: storage.outputs.name
    contentName: isElastic ? contentName : ''
    servedShare: list('${deployed.id}/config/appsettings', '2024-04-01').properties.?WEBSITE_CONTENTSHARE ?? ''
    componentNames: monitoring.outputs.componentNames
    identityClientId: identity.outputs.clientId
    invoiceMailbox: invoiceMailbox
    apMailbox: apMailbox
    teamsWebhookUrl: usesTeams ? keyVault.outputs.teamsWebhookReference : ''
    ingestSince: ingestSince
    syntheticRecipient: syntheticRecipient
  }
  dependsOn: [
    app
    content
    rbac
  ]
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    workload: workload
    location: location
    tags: tags
    workspaceId: monitoring.outputs.workspaceId
    componentId: monitoring.outputs.componentId
    alertEmail: alertEmail
    isSyntheticChecked: !empty(syntheticPrincipalId)
    alertWebhookUrl: alertWebhookUrl
  }
}

@description('Name of the function app: FUNCTION_APP of the workflows.')
output functionAppName string = app.outputs.name

@description('Name of the storage account with queues, tables and releases: STORAGE_ACCOUNT of the workflows.')
output storageAccountName string = storage.outputs.name

@description('Name of the vault that holds the Teams webhook.')
output keyVaultName string = keyVault.outputs.name

@description('Client id of the app: the application that Exchange lets into the mailbox.')
output identityClientId string = identity.outputs.clientId

@description('Object id of the app: the service principal that Exchange lets into the mailbox.')
output identityPrincipalId string = identity.outputs.principalId
