// Every grant that the deployment makes: the smallest role at the smallest scope that does the work. What the app may
// do in the mailbox is Exchange's to grant, and not here.
//
// Roles: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles. A principal that is empty gets
// nothing.

@description('Required. Name of the function app.')
param functionAppName string

@description('Required. Name of the storage account with queues, tables and releases.')
param storageName string

@description('Required. Name of the vault.')
param keyVaultName string

@description('Required. Names of the Application Insights components.')
param componentNames array

@description('Required. Object id of the identity of both slots.')
param appPrincipalId string

@description('Required. Object id of the service principal that deploys; empty: none.')
param deployerPrincipalId string

@description('Required. Object id of the group of engineers on call; empty: none.')
param operatorsPrincipalId string

@description('Required. Object id of the service principal of the synthetic check; empty: none.')
param syntheticPrincipalId string

var keyVaultSecretsUser = '4633458b-17de-408a-b874-0445c86b69e6'
var monitoringMetricsPublisher = '3913510d-42f4-4e42-8a64-420c390055eb'
var monitoringReader = '43d0d8ad-25c7-4714-9337-8ba259a9fe05'
var storageBlobDataContributor = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe'
var storageBlobDataOwner = 'b7e6dc6d-f1e8-4753-8033-0f276bb0955b'
var storageQueueDataContributor = '974c5e8b-45b9-4653-ba55-5f855dd0fb88'
var storageTableDataContributor = '0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3'
var storageTableDataReader = '76199698-9eea-4c19-bc75-cec21354c6b6'
var websiteContributor = 'de139f84-1756-47ae-9be6-808fbbe84772'

var roles = 'Microsoft.Authorization/roleDefinitions'

resource app 'Microsoft.Web/sites@2024-04-01' existing = {
  name: functionAppName
}

resource storage 'Microsoft.Storage/storageAccounts@2023-05-01' existing = {
  name: storageName
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' existing = {
  parent: storage
  name: 'default'
}

resource releases 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' existing = {
  parent: blobs
  name: 'releases'
}

resource tables 'Microsoft.Storage/storageAccounts/tableServices@2023-05-01' existing = {
  parent: storage
  name: 'default'
}

resource nonces 'Microsoft.Storage/storageAccounts/tableServices/tables@2023-05-01' existing = {
  parent: tables
  name: 'SyntheticNonces'
}

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' existing = {
  name: keyVaultName
}

resource component 'Microsoft.Insights/components@2020-02-02' existing = [for name in componentNames: {
  name: name
}]

// The app. Blobs: the host's own keys, locks and timer status; owner, as the host asks for. Queues: triggers, outputs
// and the move to the poison queue. Tables: the ledger, and what the host notes when it cannot start.
resource appStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in [
  storageBlobDataOwner
  storageQueueDataContributor
  storageTableDataContributor
]: {
  name: guid(storage.id, appPrincipalId, role)
  scope: storage
  properties: {
    roleDefinitionId: subscriptionResourceId(roles, role)
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
  }
}]

// The app: reads the Teams webhook, the only secret there is.
resource appVault 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, appPrincipalId, keyVaultSecretsUser)
  scope: vault
  properties: {
    roleDefinitionId: subscriptionResourceId(roles, keyVaultSecretsUser)
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
  }
}

// The app: writes telemetry, from either slot.
resource appTelemetry 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for (name, index) in componentNames: {
  name: guid(component[index].id, appPrincipalId, monitoringMetricsPublisher)
  scope: component[index]
  properties: {
    roleDefinitionId: subscriptionResourceId(roles, monitoringMetricsPublisher)
    principalId: appPrincipalId
    principalType: 'ServicePrincipal'
  }
}]

// The deployment workflow: puts packages on the slots, looks at what they serve, and swaps them.
resource deployerApp 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(deployerPrincipalId)) {
  name: guid(app.id, deployerPrincipalId, websiteContributor)
  scope: app
  properties: {
    roleDefinitionId: subscriptionResourceId(roles, websiteContributor)
    principalId: deployerPrincipalId
    principalType: 'ServicePrincipal'
  }
}

// The deployment workflow: keeps the packages, and which one was last good.
resource deployerReleases 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(deployerPrincipalId)) {
  name: guid(releases.id, deployerPrincipalId, storageBlobDataContributor)
  scope: releases
  properties: {
    roleDefinitionId: subscriptionResourceId(roles, storageBlobDataContributor)
    principalId: deployerPrincipalId
    principalType: 'ServicePrincipal'
  }
}

// Engineers on call: the ledger, the emergency stop and the vendors; poison, and messages put back.
resource operatorsStorage 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in [
  storageTableDataContributor
  storageQueueDataContributor
]: if (!empty(operatorsPrincipalId)) {
  name: guid(storage.id, operatorsPrincipalId, role)
  scope: storage
  properties: {
    roleDefinitionId: subscriptionResourceId(roles, role)
    principalId: operatorsPrincipalId
    principalType: 'Group'
  }
}]

// Engineers on call: rolling back must not wait for somebody who may.
resource operatorsApp 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorsPrincipalId)) {
  name: guid(app.id, operatorsPrincipalId, websiteContributor)
  scope: app
  properties: {
    roleDefinitionId: subscriptionResourceId(roles, websiteContributor)
    principalId: operatorsPrincipalId
    principalType: 'Group'
  }
}

// Engineers on call: rolling back reads the last good package, and records what is good now.
resource operatorsReleases 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorsPrincipalId)) {
  name: guid(releases.id, operatorsPrincipalId, storageBlobDataContributor)
  scope: releases
  properties: {
    roleDefinitionId: subscriptionResourceId(roles, storageBlobDataContributor)
    principalId: operatorsPrincipalId
    principalType: 'Group'
  }
}

// Engineers on call: logs, metrics and alerts of everything in the group.
resource operatorsMonitoring 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(operatorsPrincipalId)) {
  name: guid(resourceGroup().id, operatorsPrincipalId, monitoringReader)
  properties: {
    roleDefinitionId: subscriptionResourceId(roles, monitoringReader)
    principalId: operatorsPrincipalId
    principalType: 'Group'
  }
}

// The synthetic check: writes its nonces into their own table and nothing else. VendorMaster says whose invoices are believed,
// so a workflow that anybody with write access to the repository can change must not be able to write it.
resource syntheticNonces 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(syntheticPrincipalId)) {
  name: guid(nonces.id, syntheticPrincipalId, storageTableDataContributor)
  scope: nonces
  properties: {
    roleDefinitionId: subscriptionResourceId(roles, storageTableDataContributor)
    principalId: syntheticPrincipalId
    principalType: 'ServicePrincipal'
  }
}

// The synthetic check: follows its mail through the ledger.
resource syntheticLedger 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(syntheticPrincipalId)) {
  name: guid(storage.id, syntheticPrincipalId, storageTableDataReader)
  scope: storage
  properties: {
    roleDefinitionId: subscriptionResourceId(roles, storageTableDataReader)
    principalId: syntheticPrincipalId
    principalType: 'ServicePrincipal'
  }
}
