// The app's storage: triggers, queues, the ledger, and the released packages. Reached by identity alone.

@description('Required. Name of the account.')
@maxLength(24)
param name string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags object

@description('Required. Redundancy.')
param sku string

@description('Required. Resource id of the workspace that gets its logs.')
param workspaceId string

var queues = [
  'raw-mail'
  'to-post'
  'notify'
  'add-vendor'
]

// The host would make one when the first message fails. Made before, it can be looked at, and a role can be tried.
var poisonQueues = [for queue in queues: '${queue}-poison']

var tables = [
  'VendorMaster'
  'VendorKeys'
  'InvoiceTransactions'
  'OpenTransactions'
  'TransactionIndex'
  'ParkedMails'
  'InvoiceNumbers'
  'SendPermits'
  'RepeatedMails'
  'PoisonMessages'
  'Control'
  'SyntheticNonces'
]

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  // checkov:skip=CKV_AZURE_35: GitHub's runners, engineers and the app come from addresses that are shared and change; who may in is Entra ID's to say, as the account takes no key
  // checkov:skip=CKV_AZURE_206: a second region is written some minutes later; a ledger without its last sends would send them again, so it stays in its region's zones
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: sku
  }
  properties: {
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2023-05-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: {
      enabled: true
      days: 7
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: 7
    }
  }
}

// Packages are not deleted by age. A lifecycle rule knows age, prefix and tag, not which package is the last good one:
// left alone for as long as its age says, it would take from the app the very package that a rollback needs. At 10 MB
// each, a release a day costs less in a year than one hour of looking for it. Who deletes old ones by hand reads
// last-good.json first; deleted by mistake, they come back for seven days.
resource releases 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01' = {
  parent: blobs
  name: 'releases'
  properties: {
    publicAccess: 'None'
  }
}

resource queueService 'Microsoft.Storage/storageAccounts/queueServices@2023-05-01' = {
  parent: account
  name: 'default'
}

resource queue 'Microsoft.Storage/storageAccounts/queueServices/queues@2023-05-01' = [for each in concat(queues, poisonQueues): {
  parent: queueService
  name: each
}]

resource tableService 'Microsoft.Storage/storageAccounts/tableServices@2023-05-01' = {
  parent: account
  name: 'default'
}

resource table 'Microsoft.Storage/storageAccounts/tableServices/tables@2023-05-01' = [for each in tables: {
  parent: tableService
  name: each
}]

// What came in and what was deleted. Reads are left out: the host polls every queue every few seconds, for ever.
resource queueLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: queueService
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'StorageWrite'
        enabled: true
      }
      {
        category: 'StorageDelete'
        enabled: true
      }
    ]
  }
}

@description('Name of the account.')
output name string = account.name
