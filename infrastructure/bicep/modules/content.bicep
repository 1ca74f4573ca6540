// Where Elastic Premium keeps the packages of both slots. The platform mounts these file shares by connection string:
// there is no way in by identity
// (https://learn.microsoft.com/azure/azure-functions/functions-app-settings#website_contentazurefileconnectionstring).
// So this one account keeps its keys, and is one of its own: the ledger's has none. Dedicated plans do without it.

@description('Required. Name of the account.')
@maxLength(24)
param name string

@description('Required. Region.')
param location string

@description('Required. Tags.')
param tags object

@description('Required. Redundancy.')
param sku string

resource account 'Microsoft.Storage/storageAccounts@2023-05-01' = {
  // checkov:skip=CKV_AZURE_35: the plan mounts the shares from addresses that are shared and change
  // checkov:skip=CKV_AZURE_206: holds packages only, and every one is in the container releases as well
  name: name
  location: location
  tags: tags
  kind: 'StorageV2'
  sku: {
    name: sku
  }
  properties: {
    allowSharedKeyAccess: true
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
  }
}

resource files 'Microsoft.Storage/storageAccounts/fileServices@2023-05-01' = {
  parent: account
  name: 'default'
}

// One for each slot, changing places at a swap; which is whose: settings.bicep.
resource share 'Microsoft.Storage/storageAccounts/fileServices/shares@2023-05-01' = [for each in ['content-a', 'content-b']: {
  parent: files
  name: each
  properties: {
    shareQuota: 10
  }
}]
