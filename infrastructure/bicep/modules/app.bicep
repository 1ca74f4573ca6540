// The plan, the function app and its staging slot; what they are told is in settings.bicep.
//
// Elastic Premium or Dedicated, because deployments go through a slot. Not Linux Consumption: its swaps are reported
// broken or undone by themselves (https://github.com/Azure/azure-functions-host/issues/7336), and it ends in 2028. Not
// Flex Consumption: it has no slots (https://learn.microsoft.com/azure/azure-functions/functions-deployment-slots).
//
// One instance, because one mailbox serves no more: Exchange lets an app make few requests to a mailbox at once, and
// takes about 20 mails a minute from one sender. A second instance would only meet the same limits sooner. More
// mailboxes are more deployments.

@description('Required. Name of the function app.')
@maxLength(24)
param name string

@description('Required. Name of its plan.')
param planName string

@description('Required. Plan; see main.bicep.')
param planSku string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags object

@description('Required. Resource id of the identity of both slots.')
param identityId string

@description('Required. Resource id of the workspace that gets the host\'s own logs.')
param workspaceId string

var tiers = {
  EP1: 'ElasticPremium'
  EP2: 'ElasticPremium'
  S1: 'Standard'
  P1v3: 'PremiumV3'
}
var isElastic = tiers[planSku] == 'ElasticPremium'

// The same for both slots, as all but the sticky settings goes to production with the next swap.
var siteConfig = {
  linuxFxVersion: 'Python|3.11'
  alwaysOn: !isElastic // Elastic Premium has its always-ready instance instead
  functionAppScaleLimit: isElastic ? 1 : null
  minimumElasticInstanceCount: isElastic ? 1 : null
  healthCheckPath: '/admin/host/ping'
  minTlsVersion: '1.2'
  scmMinTlsVersion: '1.2'
  ftpsState: 'Disabled'
  http20Enabled: true
  remoteDebuggingEnabled: false
}
var identities = {
  type: 'UserAssigned'
  userAssignedIdentities: {
    '${identityId}': {}
  }
}

resource plan 'Microsoft.Web/serverfarms@2024-04-01' = {
  // checkov:skip=CKV_AZURE_225: across zones means three instances at least, and this app has one: see the head of this file
  name: planName
  location: location
  tags: tags
  kind: isElastic ? 'elastic' : 'linux'
  sku: {
    name: planSku
    tier: tiers[planSku]
    capacity: 1
  }
  properties: {
    reserved: true // Linux
    maximumElasticWorkerCount: isElastic ? 1 : null
  }
}

resource app 'Microsoft.Web/sites@2024-04-01' = {
  // checkov:skip=CKV_AZURE_17: nothing here is called but by the platform and the deployment, by key or Entra ID, and neither brings a certificate
  // checkov:skip=CKV_AZURE_212: one instance, on purpose: see the head of this file
  // checkov:skip=CKV_AZURE_222: deployments come from GitHub's runners, to prove what a slot serves; there is no function with an address
  name: name
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: identities
  properties: {
    serverFarmId: plan.id
    reserved: true
    httpsOnly: true
    clientAffinityEnabled: false
    keyVaultReferenceIdentity: identityId
    siteConfig: siteConfig
  }
}

resource staging 'Microsoft.Web/sites/slots@2024-04-01' = {
  // checkov:skip=CKV_AZURE_212: one instance, on purpose: see the head of this file
  // checkov:skip=CKV_AZURE_222: deployments come from GitHub's runners, to prove what a slot serves; there is no function with an address
  parent: app
  name: 'staging'
  location: location
  tags: tags
  kind: 'functionapp,linux'
  identity: identities
  properties: {
    serverFarmId: plan.id
    reserved: true
    httpsOnly: true
    clientAffinityEnabled: false
    keyVaultReferenceIdentity: identityId
    siteConfig: siteConfig
  }
}

// Passwords for publishing: deployments log in by Entra ID.
resource appPublishing 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-04-01' = [for each in ['ftp', 'scm']: {
  parent: app
  name: each
  properties: {
    allow: false
  }
}]

resource stagingPublishing 'Microsoft.Web/sites/slots/basicPublishingCredentialsPolicies@2024-04-01' = [for each in ['ftp', 'scm']: {
  parent: staging
  name: each
  properties: {
    allow: false
  }
}]

// What a host that dies too early for telemetry still says.
var logs = [
  {
    category: 'FunctionAppLogs'
    enabled: true
  }
  {
    category: 'AppServicePlatformLogs'
    enabled: true
  }
]

resource appLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: app
  properties: {
    workspaceId: workspaceId
    logs: logs
  }
}

resource stagingLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: staging
  properties: {
    workspaceId: workspaceId
    logs: logs
  }
}

@description('Name of the function app.')
output name string = app.name
